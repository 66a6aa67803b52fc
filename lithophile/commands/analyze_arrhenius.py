"""``lithophile analyze arrhenius``: activation energy and conductivity."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from lithophile.commands import options
from lithophile.commands.analyze import FrameTime, analyze
from lithophile.console import progress_bar, voice


@analyze.command()
def arrhenius(
    ctx: typer.Context,
    trajectories: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="TRAJ…",
            help="H5MD files or run folders, one for each temperature.",
        ),
    ] = None,
    *,
    at_K: Annotated[
        float | None,
        typer.Option(
            "--at-K", show_default="303.15", help="Temperature to extrapolate to (K)."
        ),
    ] = None,
    species: Annotated[
        str | None, typer.Option(show_default="Li", help="Element that carries.")
    ] = None,
    charge_e: Annotated[
        float | None,
        typer.Option("--charge-e", show_default="1.0", help="Charge of a carrier (e)."),
    ] = None,
    temperatures_K: Annotated[
        str | None,
        typer.Option(
            "--temperatures-K",
            metavar="T…",
            show_default="the mean of each run",
            help="One for each trajectory: '600 700 800' (K).",
        ),
    ] = None,
    reference: Annotated[
        Literal["others", "framework", "slab", "none"] | None,
        typer.Option(show_default="others", help="Whose drift is removed."),
    ] = None,
    fit_ps: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--fit-ps",
            metavar="FIRST LAST",
            show_default="from the length",
            help="First and last lag of the straight-line fits (ps).",
        ),
    ] = None,
    volume_A3: Annotated[
        float | None,
        typer.Option(
            "--volume-A3",
            show_default="of the cell",
            help="Volume of the carriers, where the cell holds more (Å³).",
        ),
    ] = None,
    frame_time_ps: FrameTime = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Activation energy of diffusion, and the conductivity at --at-K.

    Errors of the diffusivities and of the temperatures count; temperatures at which
    the motion is not diffusive are named and left out.

    [bold]Example[/bold]

    lithophile analyze arrhenius 600K/ 700K/ 800K/ 900K/ --at-K 303.15 --out ea
    """
    with voice(as_json=as_json) as say, progress_bar("arrhenius") as progress:
        from lithophile.settings_file import read_settings
        from lithophile.transport_settings import ArrheniusSettings

        given: dict[str, Any] = {
            **ctx.params,
            "trajectories": tuple(trajectories) if trajectories else None,
        }
        if temperatures_K is not None:
            given["temperatures_K"] = tuple(temperatures_K.replace(",", " ").split())
        settings = read_settings(ArrheniusSettings, file=config, options=given)
        from lithophile.stages.arrhenius import arrhenius_stage

        say.result(
            arrhenius_stage(settings, out=out, overwrite=overwrite, progress=progress)
        )
