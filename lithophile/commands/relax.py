"""``lithophile relax``: structures at rest."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lithophile.commands import options
from lithophile.console import progress_bar, voice


def relax(
    ctx: typer.Context,
    structures: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE…", help="Structure files, any that ASE reads."),
    ] = None,
    *,
    model: options.Model = None,
    fmax_eV_per_A: Annotated[
        float | None,
        typer.Option("--fmax", show_default="0.02", help="Largest force left (eV/Å)."),
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option(show_default="500", help="Most steps taken.")
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option(
            show_default="fixed",
            help="What of the cell relaxes: fixed, full, z, in-plane, isotropic, "
            "shape, or strains such as xx,yy.",
        ),
    ] = None,
    fixed_vectors: Annotated[
        str | None,
        typer.Option(help="Lattice vectors that stay in a full cell, such as ab."),
    ] = None,
    fixed_layers: Annotated[
        list[int] | None,
        typer.Option(
            "--fixed-layer", help="Layer whose atoms stay, again for more; -1: last."
        ),
    ] = None,
    fixed_side: Annotated[
        int | None,
        typer.Option(help="Side whose atoms stay: 0 metal, 1 electrolyte."),
    ] = None,
    pressure_GPa: Annotated[
        float | None,
        typer.Option("--pressure", show_default="0.0", help="Pressure (GPa)."),
    ] = None,
    algorithm: Annotated[
        Literal["lbfgs", "fire"] | None,
        typer.Option(show_default="lbfgs", help="How steps are made."),
    ] = None,
    dtype: options.Dtype = None,
    device: options.Device = None,
    trust_model: options.TrustModel = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Relax structures until the forces vanish; many at once, in one batch.

    [bold]Examples[/bold]

    lithophile relax li-lzc/interface.extxyz --out li-lzc-relaxed

    lithophile relax *.cif --cell full --model chgnet --out relaxed

    lithophile relax slab.extxyz --fixed-layer 0 --fixed-layer 1 --out relaxed
    """
    with voice(as_json=as_json) as say, progress_bar("relax") as progress:
        from lithophile.settings import RelaxSettings
        from lithophile.settings_file import read_settings

        given = {
            **ctx.params,
            "structures": structures or None,
            "fixed_layers": fixed_layers or None,
        }
        settings = read_settings(RelaxSettings, file=config, options=given)
        from lithophile.stages.relaxation import relaxation

        result = relaxation(
            settings,
            out=options.needed_out(out),
            overwrite=overwrite,
            progress=progress,
        )
        say.result(result)
