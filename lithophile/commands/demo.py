"""``lithophile demo``: the whole line on shipped data, in minutes."""

from importlib.resources import files
from pathlib import Path

import typer

from lithophile.commands import options
from lithophile.console import voice


def demo(
    ctx: typer.Context,
    *,
    config: options.Config = None,
    model: options.Model = None,
    out: options.Out = None,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Run the whole line on shipped data: minutes on two processor cores.

    Evaluates the released potential on groups it never saw, fine-tunes a copy for a
    minute, builds and relaxes a Li | Li2ZrCl6 interface, runs a few picoseconds at
    400 K beside the same slab without lithium, and writes report.html.

    [bold]Example[/bold]

    lithophile demo --out demo
    """
    with voice(as_json=as_json) as say:
        from lithophile.interrupted import Interrupted
        from lithophile.pipeline import run_pipeline

        shipped = Path(str(files("lithophile") / "data" / "demo.yaml"))
        try:
            result = run_pipeline(
                config or shipped,
                options=ctx.params,
                out=out or Path("demo"),
                resume=resume,
                overwrite=overwrite,
                command="demo",
                note=say.note,
            )
        except Interrupted as stop:
            say.result(stop.result)
            raise stop.reason from None
        say.result(result)
