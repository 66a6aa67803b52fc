"""``lithophile train``: a potential from labelled configurations."""

from typing import Annotated

import typer

from lithophile.commands import options
from lithophile.console import progress_bar, voice
from lithophile.early_signals import answering_early


def train(
    ctx: typer.Context,
    *,
    config: options.Config = None,
    foundation: Annotated[
        str | None,
        typer.Option(
            "--foundation",
            metavar="MODEL",
            show_default="none",
            help="Go on from mace-mp:small, mace-mp:medium, mace-mp:large or a "
            "checkpoint of mace-torch.",
        ),
    ] = None,
    committee: Annotated[
        int | None,
        typer.Option(
            "--committee",
            metavar="N",
            show_default="1",
            help="Members, each from a seed of its own.",
        ),
    ] = None,
    out: options.Out = None,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    device: options.Device = None,
    trust_model: options.TrustModel = None,
    as_json: options.AsJson = False,
) -> None:
    """Train a potential, or go on from an earlier one, and write its model card.

    Whole groups (polymorphs, trajectories) are kept for validation and test; the
    card records the data, the settings, the errors per group and the hashes. Use
    the result anywhere by naming the folder: --model DIR, or committee:DIR. Training
    that goes on from an earlier model reports what it has forgotten. After SIGTERM or
    SIGUSR1 the run is checkpointed (exit code 75), and --resume goes on.

    [bold]Examples[/bold]

    lithophile schema train

    lithophile train --config train.yaml --out runs/mine

    lithophile train --out runs/mine --resume

    lithophile train --config train.yaml --committee 4 --out runs/four
    """
    with (
        answering_early(),
        voice(as_json=as_json) as say,
        progress_bar("train") as progress,
    ):
        from lithophile.interrupted import Interrupted
        from lithophile.stages.training import training

        try:
            result = training(
                config,
                options=ctx.params,
                out=options.needed_out(out),
                resume=resume,
                overwrite=overwrite,
                progress=progress,
            )
        except Interrupted as stop:
            say.result(stop.result)
            raise stop.reason from None
        say.result(result)
