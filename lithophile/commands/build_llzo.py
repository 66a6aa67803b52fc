"""``lithophile build llzo``: ordered cells from partial occupancies."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lithophile.commands import options
from lithophile.commands.build import build
from lithophile.commands.option_values import integers, numbers
from lithophile.console import progress_bar, voice

_SEARCH = "Search"


@build.command()
def llzo(
    ctx: typer.Context,
    *,
    phase: Annotated[
        Literal["cubic", "tetragonal"] | None,
        typer.Option(show_default="cubic", help="Disordered cubic, or tetragonal."),
    ] = None,
    structure: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default="LLZO",
            help="A CIF with partial occupancies to order instead.",
        ),
    ] = None,
    supercell: Annotated[
        str | None,
        typer.Option(
            metavar="'A B C'", show_default="1 1 1", help="Cells along each vector."
        ),
    ] = None,
    counts: Annotated[
        str | None,
        typer.Option(
            metavar="'Li=50 Al=2'",
            show_default="from the occupancies",
            help="Atoms of each element in the whole cell.",
        ),
    ] = None,
    oxidation_states: Annotated[
        str | None,
        typer.Option(
            metavar="'Fe=3'", help="Charges of elements whose charge is not obvious."
        ),
    ] = None,
    min_distance_A: Annotated[
        float | None,
        typer.Option(
            "--min-distance-A",
            show_default="2.0",
            help="Closer partly occupied sites are never both occupied (Å).",
        ),
    ] = None,
    method: Annotated[
        Literal["tempering", "annealing", "enumeration"] | None,
        typer.Option(
            show_default="tempering", rich_help_panel=_SEARCH, help="How to search."
        ),
    ] = None,
    n_runs: Annotated[
        int | None,
        typer.Option(
            "--runs",
            show_default="10",
            rich_help_panel=_SEARCH,
            help="Independent runs; their agreement is the evidence.",
        ),
    ] = None,
    n_sweeps: Annotated[
        int | None,
        typer.Option(
            "--sweeps",
            show_default="1500",
            rich_help_panel=_SEARCH,
            help="Moves per mobile atom of each run.",
        ),
    ] = None,
    n_keep: Annotated[
        int | None,
        typer.Option(
            "--keep", show_default="10", help="Most structures that are written."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            show_default="0", rich_help_panel=_SEARCH, help="Seed of random numbers."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            show_default="point charges",
            help="Potential that ranks the structures, such as chgnet.",
        ),
    ] = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Order lithium in LLZO, or whatever a file holds with partial occupancies.

    Species are put on the sites that the crystal allows them so that the energy of
    their formal charges is lowest; sites that are too close are never both occupied.
    Symmetry-distinct structures are written, the best first.

    [bold]Examples[/bold]

    lithophile build llzo --out llzo

    lithophile build llzo --phase tetragonal --out llzo-tetragonal

    lithophile build llzo --structure Li3YCl6.cif --supercell '1 1 2' --counts 'Li=18 Y=6' --model chgnet --out lyc
    """  # noqa: E501  (a command stays on one line to be copied)
    with voice(as_json=as_json) as say, progress_bar("build llzo") as progress:
        from lithophile.ordering_settings import OrderingSettings
        from lithophile.settings_file import read_settings

        given = {
            **ctx.params,
            "supercell": integers("supercell", supercell),
            "counts": numbers("counts", counts),
            "oxidation_states": numbers("oxidation_states", oxidation_states),
        }
        settings = read_settings(OrderingSettings, file=config, options=given)
        from lithophile.stages.ordering import ordering_stage

        result = ordering_stage(
            settings,
            out=options.needed_out(out),
            overwrite=overwrite,
            progress=progress,
        )
        say.result(result)
