"""``lithophile train``: a potential from labelled configurations."""

import typer

from lithophile.commands import options
from lithophile.console import progress_bar, voice


def train(
    ctx: typer.Context,
    *,
    config: options.Config = None,
    out: options.Out = None,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    device: options.Device = None,
    as_json: options.AsJson = False,
) -> None:
    """Train a potential, or go on from an earlier one, and write its model card.

    Whole groups (polymorphs, trajectories) are kept for validation and test; the
    card records the data, the settings, the errors per group and the hashes. Use
    the result anywhere by naming the folder: --model DIR.

    [bold]Examples[/bold]

    lithophile schema train

    lithophile train --config train.yaml --out runs/mine

    lithophile train --out runs/mine --resume
    """
    with voice(as_json=as_json) as say, progress_bar("train") as progress:
        from lithophile.stages.training import training

        say.result(
            training(
                config,
                options=ctx.params,
                out=options.needed_out(out),
                resume=resume,
                overwrite=overwrite,
                progress=progress,
            )
        )
