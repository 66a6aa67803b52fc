"""``lithophile analyze structure``: distances, angles and order in a trajectory."""

from typing import Annotated, Literal

import typer

from lithophile.commands import options
from lithophile.commands.analyze import FrameTime, Trajectory, analyze
from lithophile.console import progress_bar, voice


@analyze.command()
def structure(
    ctx: typer.Context,
    trajectory: Trajectory = None,
    *,
    centre: Annotated[
        str | None,
        typer.Option(show_default="Zr", help="Element in the centre."),
    ] = None,
    ligand: Annotated[
        str | None, typer.Option(show_default="Cl", help="Element around it.")
    ] = None,
    cutoff_A: Annotated[
        float | None,
        typer.Option(
            "--cutoff-A",
            show_default="first minimum of g(r)",
            help="Longest bond (Å).",
        ),
    ] = None,
    degree: Annotated[
        int | None,
        typer.Option(show_default="6", help="Degree of the Steinhardt parameter."),
    ] = None,
    axis: Annotated[
        Literal["a", "b", "c"] | None,
        typer.Option(
            show_default="c", help="Lattice vector that leaves the interface."
        ),
    ] = None,
    bin_width_A: Annotated[
        float | None,
        typer.Option("--bin-A", show_default="2.0", help="Height of a bin (Å)."),
    ] = None,
    reference: Annotated[
        Literal["others", "none"] | None,
        typer.Option(show_default="others", help="Atoms whose mean height is zero."),
    ] = None,
    n_times: Annotated[
        int | None, typer.Option("--times", show_default="20", help="Blocks in time.")
    ] = None,
    most_frames: Annotated[
        int | None, typer.Option(show_default="200", help="Most frames that are used.")
    ] = None,
    frame_time_ps: FrameTime = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """g(r), bond angles, coordination and order, by height and in time.

    The order is the distance-weighted Steinhardt parameter of --centre among all
    atoms; heights are along the normal of the interface, from the mean height of all
    other atoms.

    [bold]Example[/bold]

    lithophile analyze structure runs/400K/trajectory.h5 --centre Zr --ligand Cl
    """
    with voice(as_json=as_json) as say, progress_bar("structure") as progress:
        from lithophile.settings_file import read_settings
        from lithophile.structure_settings import StructureSettings

        settings = read_settings(StructureSettings, file=config, options=ctx.params)
        from lithophile.stages.structure import structure_stage

        say.result(
            structure_stage(settings, out=out, overwrite=overwrite, progress=progress)
        )
