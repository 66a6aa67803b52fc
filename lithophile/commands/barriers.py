"""``lithophile barriers``: how easily an ion moves through a crystal."""

from typing import Annotated, Literal

import typer

from lithophile.commands import options
from lithophile.console import progress_bar, voice


def barriers(
    ctx: typer.Context,
    structure: Annotated[
        str | None,
        typer.Argument(metavar="NAME|FILE", help="Prototype by name, or a file."),
    ] = None,
    *,
    model: options.Model = None,
    species: Annotated[
        str | None, typer.Option(show_default="Li", help="Element that moves.")
    ] = None,
    mechanism: Annotated[
        Literal["vacancy", "interstitial"] | None,
        typer.Option(
            show_default="vacancy",
            help="Hops into a vacancy, or of one ion more between empty places.",
        ),
    ] = None,
    cutoff_A: Annotated[
        float | None,
        typer.Option(
            "--cutoff-A",
            show_default="what leads through the crystal",
            help="Longest hop (Å).",
        ),
    ] = None,
    smallest_height_A: Annotated[
        float | None,
        typer.Option(
            "--smallest-height-A",
            show_default="10.0",
            help="Smallest distance of opposite faces of the supercell (Å).",
        ),
    ] = None,
    n_images: Annotated[
        int | None,
        typer.Option(
            "--images", show_default="5", help="Images between the ends of a hop."
        ),
    ] = None,
    fmax_eV_per_A: Annotated[
        float | None,
        typer.Option("--fmax", show_default="0.05", help="Largest force left (eV/Å)."),
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option(show_default="300", help="Most steps of a band.")
    ] = None,
    relax_cell: Annotated[
        bool | None,
        typer.Option(
            "--relax-cell/--keep-cell",
            show_default="relax-cell",
            help="Relax the cell of the crystal first.",
        ),
    ] = None,
    smallest_void_A: Annotated[
        float | None,
        typer.Option(
            "--smallest-void-A",
            show_default="1.9",
            help="Smallest distance of an empty place to the nearest atom (Å).",
        ),
    ] = None,
    dtype: options.Dtype = None,
    device: options.Device = None,
    trust_model: options.TrustModel = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Barriers of all distinct hops of an ion, and of going through the crystal.

    Hops that the symmetry makes equal are computed once. All bands are computed
    together; a hop without a barrier says why.

    [bold]Examples[/bold]

    lithophile barriers Li2ZrCl6 --out lzc-barriers

    lithophile barriers relaxed.cif --mechanism interstitial --model chgnet --out more
    """
    with voice(as_json=as_json) as say, progress_bar("barriers") as progress:
        from lithophile.barriers_settings import BarriersSettings
        from lithophile.settings_file import read_settings

        settings = read_settings(BarriersSettings, file=config, options=ctx.params)
        from lithophile.stages.barriers import barriers_stage

        say.result(
            barriers_stage(settings, out=out, overwrite=overwrite, progress=progress)
        )
