"""``lithophile evaluate``: errors of a potential on labelled configurations."""

from typing import Annotated

import typer

from lithophile.commands import options
from lithophile.console import progress_bar, voice


def evaluate(
    ctx: typer.Context,
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            show_default="li-zr-cl",
            help="Name, weights file or folder of `train`.",
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Argument(
            metavar="DATASET",
            show_default="li-zr-cl-pbe",
            help="Shipped data set by name, or extxyz file with REF_ labels.",
        ),
    ] = None,
    *,
    held_out: Annotated[
        bool | None,
        typer.Option(
            "--held-out",
            show_default="all frames",
            help="Only the groups that the model card lists as never trained on.",
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
    """Errors of a potential on labelled configurations, group by group.

    Root-mean-square errors of energies, forces and stresses per config_type. The
    target is at the level of theory of the model card; another level is refused.

    [bold]Examples[/bold]

    lithophile evaluate li-zr-cl --held-out

    lithophile evaluate runs/mine my-labels.extxyz --out runs/mine-errors
    """
    with voice(as_json=as_json) as say, progress_bar("evaluate") as progress:
        from lithophile.settings import EvaluateSettings
        from lithophile.settings_file import read_settings

        settings = read_settings(EvaluateSettings, file=config, options=ctx.params)
        from lithophile.stages.evaluation import evaluation

        say.result(
            evaluation(settings, out=out, overwrite=overwrite, progress=progress)
        )
