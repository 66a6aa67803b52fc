"""``lithophile analyze film``: what has formed between metal and electrolyte."""

from typing import Annotated

import typer

from lithophile.commands import options
from lithophile.commands.analyze import FrameTime, Trajectory, analyze
from lithophile.console import progress_bar, voice


@analyze.command()
def film(
    ctx: typer.Context,
    trajectory: Trajectory = None,
    *,
    metal: Annotated[
        str | None, typer.Option(show_default="Li", help="Element of the electrode.")
    ] = None,
    cation: Annotated[
        str | None, typer.Option(show_default="Zr", help="Element that dissolves.")
    ] = None,
    anion: Annotated[
        str | None, typer.Option(show_default="Cl", help="Element the film holds.")
    ] = None,
    cation_anion_A: Annotated[
        float | None,
        typer.Option(
            "--cation-anion-A",
            show_default="3.4",
            help="Cation and anion are neighbours up to this distance (Å).",
        ),
    ] = None,
    metal_anion_A: Annotated[
        float | None,
        typer.Option(
            "--metal-anion-A",
            show_default="3.5",
            help="Metal ion and anion are neighbours up to this distance (Å).",
        ),
    ] = None,
    metal_metal_A: Annotated[
        float | None,
        typer.Option(
            "--metal-metal-A",
            show_default="4.1",
            help="Metal atoms are neighbours up to this distance (Å).",
        ),
    ] = None,
    film_volume_A3: Annotated[
        float | None,
        typer.Option(
            "--film-volume-A3",
            show_default="33.75",
            help="Volume of the film per anion (Å³; LiCl: 33.75).",
        ),
    ] = None,
    layer_spacing_A: Annotated[
        float | None,
        typer.Option(
            "--layer-spacing-A",
            show_default="2.565",
            help="Distance of its atomic layers (Å; LiCl (200): 2.565).",
        ),
    ] = None,
    most_frames: Annotated[
        int | None,
        typer.Option(
            show_default="2000", help="Most frames used, evenly spread over the run."
        ),
    ] = None,
    frame_time_ps: FrameTime = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Film of reaction products: thickness in Å and atomic layers, and its growth law.

    Every atom is taken for electrolyte, film, metal or alloy by its neighbours. The
    law is linear, parabolic, logarithmic or saturating, or undetermined where none
    stands out.

    [bold]Example[/bold]

    lithophile analyze film runs/400K/trajectory.h5
    """
    with voice(as_json=as_json) as say, progress_bar("film") as progress:
        from lithophile.film_settings import FilmSettings
        from lithophile.settings_file import read_settings

        settings = read_settings(FilmSettings, file=config, options=ctx.params)
        from lithophile.stages.film_analysis import film_stage

        say.result(
            film_stage(settings, out=out, overwrite=overwrite, progress=progress)
        )
