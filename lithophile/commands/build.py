"""``lithophile build``: interfaces and slabs."""

from pathlib import Path
from typing import Annotated

import typer

from lithophile.build_tables import interface_to_read, plan_to_read, slabs_to_read
from lithophile.commands import options
from lithophile.commands.option_values import integers, reals
from lithophile.console import voice
from training_data.errors import InputError

build = typer.Typer(
    help="Structures: interface, slab, ordered and doped cells.", no_args_is_help=True
)

_CUTS, _LIMITS, _REGISTRY = "Terminations and layers", "Match", "Registry by energy"


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
            "--hkl",
            "--electrolyte-miller",
            metavar="H,K,L",
            show_default="0 0 1",
            help="Electrolyte's surface.",
        ),
    ] = None,
    metal_miller: Annotated[
        str | None,
        typer.Option(
            "--metal-hkl",
            "--metal-miller",
            metavar="H,K,L",
            show_default="1 1 1",
            help="Metal's surface.",
        ),
    ] = None,
    electrolyte_layers: Annotated[
        int | None,
        typer.Option(
            "--layers",
            "--electrolyte-layers",
            show_default="4",
            help="Layers of the electrolyte.",
        ),
    ] = None,
    metal_layers: Annotated[
        int | None, typer.Option(show_default="5", help="Layers of the metal.")
    ] = None,
    electrolyte_thickness_A: Annotated[
        float | None,
        typer.Option(
            "--thickness-A",
            rich_help_panel=_CUTS,
            show_default="as many as --layers",
            help="Least thickness of the electrolyte (Å).",
        ),
    ] = None,
    metal_thickness_A: Annotated[
        float | None,
        typer.Option(
            "--metal-thickness-A",
            rich_help_panel=_CUTS,
            show_default="as many as --metal-layers",
            help="Least thickness of the metal (Å).",
        ),
    ] = None,
    electrolyte_termination: Annotated[
        str | None,
        typer.Option(
            "--termination",
            metavar="N[,M]",
            rich_help_panel=_CUTS,
            show_default="widest gap, unless polar",
            help="Cut of the electrolyte, or lower and upper one (--plan lists them).",
        ),
    ] = None,
    metal_termination: Annotated[
        str | None,
        typer.Option(
            metavar="N[,M]",
            rich_help_panel=_CUTS,
            show_default="widest gap, unless polar",
            help="Cut of the metal, or lower and upper one.",
        ),
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
            help="Vacuum above the metal, at least the gap (Å).",
        ),
    ] = None,
    strain_on: Annotated[
        str | None,
        typer.Option(
            metavar="SIDE",
            rich_help_panel=_LIMITS,
            show_default="metal",
            help="Side that carries the strain: metal, electrolyte or shared.",
        ),
    ] = None,
    max_mismatch_percent: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=_LIMITS,
            show_default="2.0",
            help="Largest lattice mismatch taken, at most 10 (%).",
        ),
    ] = None,
    max_area_A2: Annotated[
        float | None,
        typer.Option(
            "--max-area-A2",
            rich_help_panel=_LIMITS,
            show_default="400.0",
            help="Largest common cell (Å²).",
        ),
    ] = None,
    min_area_A2: Annotated[
        float | None,
        typer.Option(
            "--min-area-A2",
            rich_help_panel=_LIMITS,
            show_default="0.0",
            help="Smallest common cell (Å²).",
        ),
    ] = None,
    match: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=_LIMITS,
            show_default="0",
            help="Which match; 0 is the smallest.",
        ),
    ] = None,
    max_atoms: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=_LIMITS,
            show_default="5000",
            help="Largest interface that is built.",
        ),
    ] = None,
    shift: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y",
            rich_help_panel=_REGISTRY,
            show_default="0.0 0.0",
            help="Shift of the metal along a and b, in fractions of the cell; where "
            "--search-registry begins.",
        ),
    ] = None,
    search_registry: Annotated[
        bool,
        typer.Option(
            "--search-registry",
            rich_help_panel=_REGISTRY,
            help="Choose gap and shift by energy, all tried in one batch.",
        ),
    ] = False,
    gaps_A: Annotated[
        str | None,
        typer.Option(
            "--gaps-A",
            metavar="D,D,…",
            rich_help_panel=_REGISTRY,
            show_default="2.0 2.25 2.5 2.75 3.0",
            help="Gaps that are tried (Å).",
        ),
    ] = None,
    n_shifts: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=_REGISTRY,
            show_default="3",
            help="Shifts along each edge of the cell of distinct shifts.",
        ),
    ] = None,
    model: options.Model = None,
    device: options.Device = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="List all terminations, matches and atom counts; build nothing.",
        ),
    ] = False,
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

    lithophile build interface --electrolyte Li2ZrCl6 --hkl 0,0,1 --layers 4 --metal Li-fcc --metal-hkl 1,1,1 --metal-layers 5 --plan

    lithophile build interface --electrolyte my.cif --layers 2 --metal-layers 4 --max-area-A2 120 --strain-on shared --out small
    """  # noqa: E501  (a command stays on one line to be copied)
    with voice(as_json=as_json) as say:
        from lithophile.build_settings import InterfaceSettings
        from lithophile.settings_file import read_settings

        given = options.with_millers(ctx.params)
        for name in ("electrolyte_termination", "metal_termination"):
            given[name] = _termination(name, given[name])
        given["shift"] = reals("shift", given["shift"])
        if search_registry:
            chosen = {
                "gaps_A": reals("gaps_A", gaps_A),
                "n_shifts": n_shifts,
                "model": model,
                "device": device,
            }
            given["registry"] = {k: v for k, v in chosen.items() if v is not None}
        settings = read_settings(InterfaceSettings, file=config, options=given)
        from lithophile.stages.interface import interface_plan, interface_stage

        if plan:
            _nothing_written("--plan", out)
            found = interface_plan(settings)
            say.result(found if as_json else plan_to_read(found))
            return
        result = interface_stage(
            settings, out=options.needed_out(out), overwrite=overwrite
        )
        say.result(result if as_json else interface_to_read(result))


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
        typer.Option(
            "--hkl",
            "--miller",
            metavar="H,K,L",
            show_default="0 0 1",
            help="Surface.",
        ),
    ] = None,
    layers: Annotated[
        int | None, typer.Option(show_default="4", help="Number of layers.")
    ] = None,
    thickness_A: Annotated[
        float | None,
        typer.Option(
            "--thickness-A",
            show_default="as many as --layers",
            help="Least thickness (Å).",
        ),
    ] = None,
    termination: Annotated[
        int | None,
        typer.Option(
            show_default="widest gap, unless polar", help="Number of the lower cut."
        ),
    ] = None,
    top_termination: Annotated[
        int | None,
        typer.Option(show_default="complete layers", help="Number of the upper cut."),
    ] = None,
    vacuum_A: Annotated[
        float | None,
        typer.Option("--vacuum-A", show_default="15.0", help="Vacuum (Å)."),
    ] = None,
    max_atoms: Annotated[
        int | None,
        typer.Option(show_default="5000", help="Largest slab that is built."),
    ] = None,
    only_list: Annotated[
        bool,
        typer.Option(
            "--list",
            help="List terminations and slabs; neutral, non-polar, symmetric ones "
            "first. Build nothing.",
        ),
    ] = False,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """One material with vacuum: a surface, or the control without lithium metal.

    [bold]Examples[/bold]

    lithophile build slab Li2ZrCl6 --layers 2 --out lzc-slab

    lithophile build slab LiCl --hkl 1,1,1 --list
    """
    with voice(as_json=as_json) as say:
        from lithophile.build_settings import SlabSettings
        from lithophile.settings_file import read_settings

        settings = read_settings(
            SlabSettings, file=config, options=options.with_millers(ctx.params)
        )
        from lithophile.stages.slab import slab_list, slab_stage

        if only_list:
            _nothing_written("--list", out)
            found = slab_list(settings)
            say.result(found if as_json else slabs_to_read(found))
            return
        result = slab_stage(settings, out=options.needed_out(out), overwrite=overwrite)
        say.result(result)


def _nothing_written(option: str, out: Path | None) -> None:
    """Refuse a folder where nothing would be written to it."""
    if out is not None:
        raise InputError(
            f"--out must not be given with {option}, which builds nothing; got "
            f"{str(out)!r}. Leave out one of them, or redirect --json to a file."
        )


def _termination(name: str, text: str | None) -> int | tuple[int, ...] | None:
    """One number of a cut, or two."""
    cuts = integers(name, text)
    if cuts is not None and len(cuts) not in {1, 2}:
        raise InputError(
            f"{name} must be the number of one cut, or of the lower and the upper one; "
            f"got {text!r}. Write for example '0' or '0,1'."
        )
    return cuts[0] if cuts is not None and len(cuts) == 1 else cuts
