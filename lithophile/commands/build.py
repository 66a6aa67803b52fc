"""``lithophile build``: interfaces and slabs."""

from typing import Annotated

import typer

from lithophile.commands import options
from lithophile.console import voice

build = typer.Typer(help="Structures: interface, slab.", no_args_is_help=True)


@build.command()
def interface(
    ctx: typer.Context,
    *,
    electrolyte: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            show_default="Li2ZrCl6",
            help="Prototype by name, or a structure file of yours.",
        ),
    ] = None,
    metal: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            show_default="Li-fcc",
            help="Prototype by name, or a structure file of yours.",
        ),
    ] = None,
    electrolyte_miller: Annotated[
        str | None,
        typer.Option(
            metavar="'H K L'", show_default="0 0 1", help="Electrolyte's surface."
        ),
    ] = None,
    metal_miller: Annotated[
        str | None,
        typer.Option(metavar="'H K L'", show_default="1 1 1", help="Metal's surface."),
    ] = None,
    electrolyte_layers: Annotated[
        int | None, typer.Option(show_default="4", help="Layers of the electrolyte.")
    ] = None,
    metal_layers: Annotated[
        int | None, typer.Option(show_default="5", help="Layers of the metal.")
    ] = None,
    gap_A: Annotated[
        float | None,
        typer.Option("--gap-A", show_default="2.5", help="Distance of the sides (Å)."),
    ] = None,
    vacuum_A: Annotated[
        float | None,
        typer.Option(
            "--vacuum-A",
            show_default="a second contact",
            help="Vacuum above the metal (Å).",
        ),
    ] = None,
    max_mismatch_percent: Annotated[
        float | None,
        typer.Option(show_default="2.0", help="Largest lattice mismatch taken (%)."),
    ] = None,
    max_area_A2: Annotated[
        float | None,
        typer.Option(
            "--max-area-A2", show_default="400.0", help="Largest common cell (Å²)."
        ),
    ] = None,
    min_area_A2: Annotated[
        float | None,
        typer.Option(
            "--min-area-A2", show_default="0.0", help="Smallest common cell (Å²)."
        ),
    ] = None,
    match: Annotated[
        int | None,
        typer.Option(show_default="0", help="Which match; 0 is the smallest."),
    ] = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Lithium metal on an electrolyte: lattice match, strain, gap, atom count.

    Lattice matches are enumerated; the metal, the softer side, carries the strain.
    The defaults are four layers of Li2ZrCl6(001) and five of fcc Li(111).

    [bold]Examples[/bold]

    lithophile build interface --out li-lzc

    lithophile build interface --electrolyte my.cif --electrolyte-layers 2 --metal-layers 4 --max-area-A2 120 --out small
    """  # noqa: E501  (a command stays on one line to be copied)
    with voice(as_json=as_json) as say:
        from lithophile.settings import InterfaceSettings
        from lithophile.settings_file import read_settings

        settings = read_settings(
            InterfaceSettings, file=config, options=options.with_millers(ctx.params)
        )
        from lithophile.stages.interface import interface_stage

        result = interface_stage(
            settings, out=options.needed_out(out), overwrite=overwrite
        )
        say.result(result)


@build.command()
def slab(
    ctx: typer.Context,
    structure: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|FILE",
            show_default="Li2ZrCl6",
            help="Prototype by name, or a structure file of yours.",
        ),
    ] = None,
    *,
    miller: Annotated[
        str | None,
        typer.Option(metavar="'H K L'", show_default="0 0 1", help="Surface."),
    ] = None,
    layers: Annotated[
        int | None, typer.Option(show_default="4", help="Number of layers.")
    ] = None,
    vacuum_A: Annotated[
        float | None,
        typer.Option("--vacuum-A", show_default="15.0", help="Vacuum (Å)."),
    ] = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """One material with vacuum: the control without lithium metal.

    [bold]Example[/bold]

    lithophile build slab Li2ZrCl6 --layers 2 --out lzc-slab
    """
    with voice(as_json=as_json) as say:
        from lithophile.settings import SlabSettings
        from lithophile.settings_file import read_settings

        settings = read_settings(
            SlabSettings, file=config, options=options.with_millers(ctx.params)
        )
        from lithophile.stages.slab import slab_stage

        result = slab_stage(settings, out=options.needed_out(out), overwrite=overwrite)
        say.result(result)
