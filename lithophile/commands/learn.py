"""``lithophile learn``: active learning."""

from typing import Annotated

import typer

from lithophile.commands import options
from lithophile.console import progress_bar, voice
from lithophile.early_signals import answering_early


def learn(
    ctx: typer.Context,
    *,
    rounds: Annotated[
        int | None,
        typer.Option(
            show_default="3", help="Rounds of labelling; may be raised on resuming."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(show_default="0", help="Seed of training and exploration."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Check everything and tell the size of the work; write nothing.",
        ),
    ] = False,
    config: options.Config = None,
    out: options.Out = None,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Let a committee find what it does not know, label it with DFT, and retrain.

    Every round trains the members, judges them by labels that are never learnt, lets
    them run dynamics and relax random crystals, chooses what they disagree about, and
    labels it. A killed run goes on with --resume, to the same numbers.

    [bold]Examples[/bold]

    lithophile schema learn

    lithophile learn --config learn.yaml --dry-run

    lithophile learn --config learn.yaml --out runs/learn

    lithophile learn --out runs/learn --resume --rounds 5
    """
    with (
        answering_early(),
        voice(as_json=as_json) as say,
        progress_bar("learn") as progress,
    ):
        from lithophile.interrupted import Interrupted
        from lithophile.stages.learning import learning, learning_plan

        if dry_run:
            say.result(learning_plan(config, options=ctx.params))
            return
        try:
            result = learning(
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
