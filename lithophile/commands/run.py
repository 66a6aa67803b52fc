"""``lithophile run``: the whole line, from a configuration to a report."""

import typer

from lithophile.commands import options
from lithophile.console import voice
from lithophile.early_signals import answering_early


def run(
    ctx: typer.Context,
    *,
    config: options.Config = None,
    model: options.Model = None,
    dtype: options.Dtype = None,
    device: options.Device = None,
    trust_model: options.TrustModel = None,
    out: options.Out = None,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Run the whole line: evaluate, train, interface, relaxation, MD, analysis, report.

    Each stage is left out when its key is null, and is a folder of its own that the
    commands of that stage could have made. --resume keeps finished stages.

    [bold]Examples[/bold]

    lithophile schema run

    lithophile run --config run.yaml --out runs/first

    lithophile run --out runs/first --resume
    """
    with answering_early(), voice(as_json=as_json) as say:
        from lithophile.interrupted import Interrupted
        from lithophile.pipeline import run_pipeline

        try:
            result = run_pipeline(
                config,
                options=ctx.params,
                out=options.needed_out(out),
                resume=resume,
                overwrite=overwrite,
                command="run",
                note=say.note,
            )
        except Interrupted as stop:
            say.result(stop.result)
            raise stop.reason from None
        say.result(result)
