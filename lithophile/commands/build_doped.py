"""``lithophile build doped``: dopants in LLZO or any other host."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lithophile.commands import options
from lithophile.commands.build import build
from lithophile.commands.option_values import numbers
from lithophile.console import progress_bar, voice


@build.command()
def doped(
    ctx: typer.Context,
    *,
    host: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            show_default="LLZO-cubic",
            help="Prototype, or a structure file, also with partial occupancies.",
        ),
    ] = None,
    dopant: Annotated[
        str | None,
        typer.Option(metavar="ION", help="Ion that is put in, such as Al3+."),
    ] = None,
    site: Annotated[
        str | None,
        typer.Option(
            metavar="ELEMENT|SITE", help="What it replaces: Zr, or sites Li24d."
        ),
    ] = None,
    every: Annotated[
        bool | None,
        typer.Option("--all", help="All dopants, sites and charges of the screening."),
    ] = None,
    content: Annotated[
        float | None,
        typer.Option(show_default="0.25", help="Dopants per formula unit."),
    ] = None,
    n_dopants: Annotated[
        int | None, typer.Option(help="Dopants in the cell, instead of --content.")
    ] = None,
    placement: Annotated[
        Literal["apart", "clustered", "random"] | None,
        typer.Option(show_default="apart", help="How the dopants lie to each other."),
    ] = None,
    n_candidates: Annotated[
        int | None,
        typer.Option(
            "--candidates", show_default="4", help="Placements built of each dopant."
        ),
    ] = None,
    compensating: Annotated[
        str | None,
        typer.Option(show_default="Li", help="Element that keeps the cell neutral."),
    ] = None,
    compensate: Annotated[
        str | None,
        typer.Option(
            metavar="'Li=-2 O=-1'",
            show_default="by one element",
            help="Exact changes of several elements in the cell instead.",
        ),
    ] = None,
    min_distance_A: Annotated[
        float | None,
        typer.Option(
            "--min-distance-A",
            show_default="2.0",
            help="Mobile ions and dopants stay this far apart (Å).",
        ),
    ] = None,
    n_runs: Annotated[
        int | None,
        typer.Option(
            "--runs", show_default="8", help="Annealing runs of each placement."
        ),
    ] = None,
    n_sweeps: Annotated[
        int | None,
        typer.Option(
            "--sweeps", show_default="400", help="Moves per mobile ion of each run."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(show_default="0", help="Seed of the random numbers.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            show_default="point charges",
            help="Potential that ranks the cells.",
        ),
    ] = None,
    defect_energy: Annotated[
        bool | None,
        typer.Option(
            "--defect-energy",
            help="Defect energy of the cells, relaxed with the model.",
        ),
    ] = None,
    references: Annotated[
        list[Path] | None,
        typer.Option(
            "--reference",
            show_default="built-in oxides",
            help="Structure file of a phase that holds the dopant, for that energy.",
        ),
    ] = None,
    max_steps: Annotated[
        int | None,
        typer.Option(
            show_default="500",
            help="Steps of relaxation for that energy; no verdict where they run out.",
        ),
    ] = None,
    fmax_eV_per_A: Annotated[
        float | None,
        typer.Option("--fmax", show_default="0.05", help="Largest force left (eV/Å)."),
    ] = None,
    cutoff_eV: Annotated[
        float | None,
        typer.Option(
            "--cutoff-eV",
            show_default="2.0",
            help="Largest defect energy per dopant that passes (eV).",
        ),
    ] = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Charge-neutral doped cells, symmetry-distinct and ranked; distances printed.

    Lithium leaves or comes in to balance the charge, on sites that electrostatics
    chooses. The default host is cubic LLZO, 8 formula units. --all builds every row of
    the dopant list of the LLZO screening.

    [bold]Examples[/bold]

    lithophile build doped --dopant Al3+ --site Li --content 0.25 --out al

    lithophile build doped --dopant Ta5+ --site Zr --model chgnet --defect-energy --out ta

    lithophile build doped --all --candidates 1 --out all-dopants
    """  # noqa: E501  (a command stays on one line to be copied)
    with voice(as_json=as_json) as say, progress_bar("build doped") as progress:
        from lithophile.doping_settings import DopedSettings
        from lithophile.settings_file import read_settings

        given = {
            **ctx.params,
            "references": references or None,
            "compensation": numbers("compensate", compensate),
        }
        settings = read_settings(DopedSettings, file=config, options=given)
        from lithophile.stages.doping import doping_stage

        result = doping_stage(
            settings,
            out=options.needed_out(out),
            overwrite=overwrite,
            progress=progress,
        )
        say.result(result)
