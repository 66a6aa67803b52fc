"""``lithophile analyze density``, ``sites`` and ``channels``: where ions are and go."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from lithophile.commands import options
from lithophile.commands.analyze import FrameTime, Trajectory, analyze
from lithophile.console import progress_bar, voice

Species = Annotated[
    str | None, typer.Option(show_default="Li", help="Element of the ions.")
]
Framework = Annotated[
    str | None,
    typer.Option(
        metavar="ELEMENTS",
        show_default="all others",
        help="Elements of the framework, as in 'Zr Cl'.",
    ),
]
Frame = Annotated[
    Literal["whole", "layers"] | None,
    typer.Option(
        show_default="whole",
        help="One rigid framework, or each labelled layer for itself.",
    ),
]
Start = Annotated[
    float | None,
    typer.Option(
        "--start-ps", show_default="0.0", help="Time left out at the start (ps)."
    ),
]
Hold = Annotated[
    float | None,
    typer.Option(
        "--hold-ps",
        show_default="0.5",
        help="An ion has moved when it stays elsewhere for this (ps).",
    ),
]
Reach = Annotated[
    float | None,
    typer.Option(
        "--max-distance-A",
        show_default="none",
        help="Ions further from every site are outside (Å).",
    ),
]
Metal = Annotated[
    str | None, typer.Option(show_default="Zr", help="Metal of a layered halide.")
]
Anion = Annotated[
    str | None, typer.Option(show_default="Cl", help="Anion around the sites.")
]


def _words(given: dict[str, Any], *names: str) -> dict[str, Any]:
    """Options of several words as tuples."""
    changed = dict(given)
    for name in names:
        if changed.get(name) is not None:
            words = changed[name].replace(",", " ").split()
            changed[name] = () if words == ["none"] else tuple(words)
    return changed


@analyze.command()
def density(
    ctx: typer.Context,
    trajectory: Trajectory = None,
    *,
    species: Species = None,
    framework: Framework = None,
    frame: Frame = None,
    start_ps: Start = None,
    spacing_A: Annotated[
        float | None,
        typer.Option(
            "--spacing-A", show_default="0.3", help="Longest edge of a voxel (Å)."
        ),
    ] = None,
    smoothing_A: Annotated[
        float | None,
        typer.Option(
            "--smoothing-A", show_default="0.0", help="Width of a Gaussian (Å)."
        ),
    ] = None,
    temperature_K: Annotated[
        float | None,
        typer.Option(
            "--temperature-K", show_default="mean of the run", help="Temperature (K)."
        ),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            metavar="WORDS",
            show_default="cube",
            help="Files of the density: cube, chgcar, xsf, or none.",
        ),
    ] = None,
    frame_time_ps: FrameTime = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Probability density of ions, its free energy, and the easiest way through.

    Drift and changes of the cell are removed. The barrier along each lattice vector
    is that of −kT ln ρ; where no way was visited it is null, with a lower bound.

    [bold]Example[/bold]

    lithophile analyze density runs/600K --start-ps 5 --formats "cube chgcar"
    """
    with voice(as_json=as_json) as say, progress_bar("density") as progress:
        from lithophile.settings_file import read_settings
        from lithophile.site_settings import DensitySettings

        given = _words(ctx.params, "framework", "formats")
        settings = read_settings(DensitySettings, file=config, options=given)
        from lithophile.stages.site_analysis import density_stage

        result = density_stage(
            settings, out=out, overwrite=overwrite, progress=progress
        )
        say.result(result)
        for warning in result["warnings"]:
            say.note(f"warning: {warning}")


@analyze.command()
def sites(
    ctx: typer.Context,
    trajectory: Trajectory = None,
    *,
    sites: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            show_default="density",
            help="density, octahedra, tetrahedra, layers (Li_A and Li_B of a layered "
            "halide), or a structure file.",
        ),
    ] = None,
    species: Species = None,
    framework: Framework = None,
    frame: Frame = None,
    start_ps: Start = None,
    hold_ps: Hold = None,
    max_distance_A: Reach = None,
    metal: Metal = None,
    anion: Anion = None,
    frame_time_ps: FrameTime = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Occupied sites, times spent at them, and rates of hops with intervals.

    A visit shorter than --hold-ps is no hop. Beside a lithium metal give
    --max-distance-A, so that its atoms count as outside.

    [bold]Examples[/bold]

    lithophile analyze sites runs/600K

    lithophile analyze sites runs/400K --sites layers --frame layers
    """
    with voice(as_json=as_json) as say, progress_bar("sites") as progress:
        from lithophile.settings_file import read_settings
        from lithophile.site_settings import SitesSettings

        given = _words(ctx.params, "framework")
        settings = read_settings(SitesSettings, file=config, options=given)
        from lithophile.stages.site_analysis import sites_stage

        result = sites_stage(settings, out=out, overwrite=overwrite, progress=progress)
        say.result(result)
        for warning in result["warnings"]:
            say.note(f"warning: {warning}")


@analyze.command()
def channels(
    ctx: typer.Context,
    trajectories: Annotated[
        list[Path] | None,
        typer.Argument(metavar="TRAJ…", help="Runs, of one or more temperatures."),
    ] = None,
    *,
    species: Species = None,
    framework: Framework = None,
    frame: Frame = None,
    start_ps: Start = None,
    hold_ps: Hold = None,
    max_distance_A: Reach = None,
    metal: Metal = None,
    anion: Anion = None,
    temperature_K: Annotated[
        str | None,
        typer.Option(
            "--temperature-K",
            metavar="WORDS",
            show_default="as the runs say",
            help="Temperature of each run, as in '400 500' (K).",
        ),
    ] = None,
    frame_time_ps: FrameTime = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Channels I, II and III of a layered halide, counted, with effective barriers.

    I: between sheets A (rich in metal) and B (poor); II: within B; III: within A.
    Barriers need runs at two temperatures or more.

    [bold]Example[/bold]

    lithophile analyze channels runs/500K runs/600K runs/700K
    """
    with voice(as_json=as_json) as say, progress_bar("channels") as progress:
        from lithophile.settings_file import read_settings
        from lithophile.site_settings import ChannelsSettings

        given = _words(ctx.params, "framework", "temperature_K")
        given["trajectories"] = tuple(trajectories or ()) or None
        settings = read_settings(ChannelsSettings, file=config, options=given)
        from lithophile.stages.site_analysis import channels_stage

        result = channels_stage(
            settings, out=out, overwrite=overwrite, progress=progress
        )
        say.result(result)
        for run in result["runs"]:
            for warning in run["warnings"]:
                say.note(f"warning: {warning}")
