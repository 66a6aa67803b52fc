"""``lithophile screen dopants``: all dopants of LLZO against lithium metal."""

from typing import Annotated

import typer

from lithophile.commands import options
from lithophile.commands.screen import screen
from lithophile.console import progress_bar, voice
from lithophile.early_signals import StoppedEarly, answering_early


@screen.command()
def dopants(
    ctx: typer.Context,
    *,
    dopant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ION-SITE",
            show_default="all 117",
            help="Dopant with its site, such as Al3+-Li; may be repeated.",
        ),
    ] = None,
    content: Annotated[
        float | None,
        typer.Option(show_default="0.25", help="Dopants per formula unit."),
    ] = None,
    stable_within_eV_per_formula_unit: Annotated[
        float | None,
        typer.Option(
            "--stable-within-eV",
            show_default="0.1",
            help="How far below undoped LLZO stable may lie (eV per formula unit).",
        ),
    ] = None,
    gap_threshold_eV: Annotated[
        float | None,
        typer.Option(
            "--gap-threshold-eV",
            show_default="2.0",
            help="Gap above which a product insulates (eV).",
        ),
    ] = None,
    relax: Annotated[
        bool | None,
        typer.Option("--relax", help="Build and relax the doped cells with the model."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            show_default="chgnet",
            help="Potential that relaxes the cells.",
        ),
    ] = None,
    fmax_eV_per_A: Annotated[
        float | None,
        typer.Option("--fmax", show_default="0.05", help="Largest force left (eV/Å)."),
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option(show_default="60", help="Most steps of one cell.")
    ] = None,
    bond_valence: Annotated[
        bool | None,
        typer.Option(
            "--bond-valence", help="Barriers of lithium in every relaxed cell."
        ),
    ] = None,
    resolution_A: Annotated[
        float | None,
        typer.Option(
            "--resolution-A",
            show_default="0.3",
            help="Grid spacing for these barriers (Å).",
        ),
    ] = None,
    no_models: Annotated[
        bool | None,
        typer.Option(
            "--no-models", help="Leave out the models of class and energy (minutes)."
        ),
    ] = None,
    anchored_models: Annotated[
        bool | None,
        typer.Option(
            "--anchored-models",
            help="Train them on energies of relaxed cells, not of the hull.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(show_default="0", help="Seed of the random numbers.")
    ] = None,
    config: options.Config = None,
    out: options.Out = None,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Every dopant against lithium: reactions, classes, energies, models, report.

    Reactions and classes from the shipped table take seconds. Each relaxed cell and
    each barrier is kept as soon as it is known; --resume goes on from there.

    [bold]Examples[/bold]

    lithophile screen dopants --out dopants

    lithophile screen dopants --relax --bond-valence --out relaxed --resume

    lithophile screen dopants --dopant Al3+-Li --dopant Ta5+-Zr --no-models --out two
    """
    with (
        answering_early(),
        voice(as_json=as_json) as say,
        progress_bar("screen dopants") as progress,
    ):
        from lithophile.dopant_screening_settings import DopantScreeningSettings
        from lithophile.settings_file import read_settings

        given = {**ctx.params, "dopants": dopant or None}
        settings = read_settings(DopantScreeningSettings, file=config, options=given)
        from lithophile.stages.dopant_screening import dopant_screening_stage

        folder = options.needed_out(out)
        try:
            found = dopant_screening_stage(
                settings,
                out=folder,
                resume=resume,
                overwrite=overwrite,
                progress=progress,
            )
        except StoppedEarly as early:
            from lithophile.stages.dopant_screening import so_far

            say.result({"stopped": early.sentence, **so_far(folder)})
            raise
        say.result(found)
