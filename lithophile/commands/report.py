"""``lithophile report``: the page about a run, made again from its files."""

from pathlib import Path
from typing import Annotated

import typer

from lithophile.commands import options
from lithophile.console import voice


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a run or of one stage.")
    ],
    *,
    as_json: options.AsJson = False,
) -> None:
    """Write DIR/report.html from the files of a run: one page that needs no other.

    Works for `run` and `demo` and for a lone stage (train, md, …): the page shows
    what is there.

    [bold]Example[/bold]

    lithophile report runs/400K
    """
    with voice(as_json=as_json) as say:
        from lithophile.report.page import write_report

        say.result({"report": write_report(folder)})
