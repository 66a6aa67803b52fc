"""``lithophile analyze``: observables of a trajectory."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lithophile.commands import options
from lithophile.console import progress_bar, voice

analyze = typer.Typer(
    help="Observables of a trajectory; crystals and their X-ray patterns.",
    no_args_is_help=True,
)

Trajectory = Annotated[
    Path | None,
    typer.Argument(
        metavar="TRAJ",
        help="H5MD file, folder of a run, or any file that ASE reads "
        "(with --frame-time-ps).",
    ),
]
FrameTime = Annotated[
    float | None,
    typer.Option(
        "--frame-time-ps", help="Time between frames, for files without times (ps)."
    ),
]


@analyze.command()
def dissolution(
    ctx: typer.Context,
    trajectory: Trajectory = None,
    *,
    species: Annotated[
        str | None, typer.Option(show_default="Zr", help="Element that dissolves.")
    ] = None,
    ligand: Annotated[
        str | None, typer.Option(show_default="Cl", help="Element it is bound to.")
    ] = None,
    form_A: Annotated[
        float | None,
        typer.Option(
            "--form-A", show_default="2.68", help="A bond forms at this distance (Å)."
        ),
    ] = None,
    break_A: Annotated[
        float | None,
        typer.Option(
            "--break-A",
            show_default="first minimum of g(r)",
            help="A bond breaks beyond this distance (Å).",
        ),
    ] = None,
    hold_ps: Annotated[
        float | None,
        typer.Option(
            "--hold-ps",
            show_default="0.5",
            help="Time a bond must stay broken to count as broken (ps).",
        ),
    ] = None,
    frame_time_ps: FrameTime = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Dissolved fraction against time: atoms that have lost their last bond.

    A bond forms at --form-A and breaks when it stays longer than --break-A for
    --hold-ps, so that vibrations are not counted. Compare with the same slab without
    lithium: it must dissolve nothing. The result also holds every layer by itself,
    where each dissolved atom went, their clusters, how far the rest is reduced, and
    the octahedral sites that lithium fills.

    [bold]Examples[/bold]

    lithophile analyze dissolution runs/400K/trajectory.h5

    lithophile analyze dissolution theirs.xyz --frame-time-ps 0.1 --out theirs-zr
    """
    with voice(as_json=as_json) as say, progress_bar("dissolution") as progress:
        from lithophile.settings import DissolutionSettings
        from lithophile.settings_file import read_settings

        settings = read_settings(DissolutionSettings, file=config, options=ctx.params)
        from lithophile.stages.observables import dissolution_stage

        say.result(
            dissolution_stage(settings, out=out, overwrite=overwrite, progress=progress)
        )


@analyze.command()
def msd(
    ctx: typer.Context,
    trajectory: Trajectory = None,
    *,
    species: Annotated[
        str | None, typer.Option(show_default="Li", help="Element that moves.")
    ] = None,
    reference: Annotated[
        Literal["others", "framework", "slab", "none"] | None,
        typer.Option(
            show_default="others",
            help="Whose drift is removed: all other atoms, the electrolyte without "
            "lithium, the metal, none.",
        ),
    ] = None,
    direction: Annotated[
        Literal["all", "lateral", "normal"] | None,
        typer.Option(show_default="all", help="In the plane of a and b, or across it."),
    ] = None,
    motion: Annotated[
        Literal["tracer", "collective"] | None,
        typer.Option(
            show_default="tracer", help="Of single atoms, or of all together (charge)."
        ),
    ] = None,
    layers_A: Annotated[
        str | None,
        typer.Option(
            "--layers-A",
            metavar="BORDERS",
            show_default="none",
            help="Layers along the normal, from the centre of the reference: "
            "'-10 0 10' (Å).",
        ),
    ] = None,
    fit_ps: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--fit-ps",
            metavar="FIRST LAST",
            show_default="from the length",
            help="First and last lag of the straight-line fit (ps).",
        ),
    ] = None,
    frame_time_ps: FrameTime = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Mean squared displacement and, where motion is diffusive, the diffusivity.

    The drift of all other atoms is removed unless --reference none. When the motion
    is not diffusive the diffusivity is null and the reason is given.

    [bold]Examples[/bold]

    lithophile analyze msd runs/400K/trajectory.h5 --species Li

    lithophile analyze msd runs/400K --reference framework --direction lateral
    """
    with voice(as_json=as_json) as say, progress_bar("msd") as progress:
        from lithophile.settings import MsdSettings
        from lithophile.settings_file import read_settings

        given: dict[str, object] = dict(ctx.params)
        if layers_A is not None:
            given["layers_A"] = tuple(layers_A.replace(",", " ").split())
        settings = read_settings(MsdSettings, file=config, options=given)
        from lithophile.stages.observables import msd_stage

        say.result(msd_stage(settings, out=out, overwrite=overwrite, progress=progress))
