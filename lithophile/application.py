"""The program: every command of ``lithophile`` and how it ends."""

import os
import sys
import traceback
from importlib import metadata
from typing import Annotated

import typer

import lithophile.commands.analyze_arrhenius
import lithophile.commands.analyze_crystal
import lithophile.commands.analyze_film
import lithophile.commands.analyze_sites
import lithophile.commands.analyze_structure
import lithophile.commands.build_doped
import lithophile.commands.build_llzo
import lithophile.commands.screen_dopants  # noqa: F401
from lithophile.commands.analyze import analyze
from lithophile.commands.barriers import barriers
from lithophile.commands.build import build
from lithophile.commands.data import data
from lithophile.commands.demo import demo
from lithophile.commands.evaluate import evaluate
from lithophile.commands.export import export
from lithophile.commands.label import label
from lithophile.commands.learn import learn
from lithophile.commands.md import md
from lithophile.commands.models import models
from lithophile.commands.relax import relax
from lithophile.commands.report import report
from lithophile.commands.run import run
from lithophile.commands.schema import schema
from lithophile.commands.screen import screen
from lithophile.commands.train import train
from lithophile.console import complain
from lithophile.exit_codes import FAILED, exit_code, is_explained

application = typer.Typer(
    name="lithophile",
    help=(
        "Lithium metal against a solid electrolyte, with a trained interatomic "
        "potential: from DFT labels to the curve of dissolved zirconium.\n\n"
        "Start with [bold]lithophile demo[/bold]: it evaluates the released "
        "potential, fine-tunes a copy, builds a Li | Li2ZrCl6 interface, runs a few "
        "picoseconds at 400 K and writes a report.\n\n"
        "Every command takes [bold]--json[/bold] (one JSON object on stdout), "
        "[bold]--config FILE[/bold] (YAML; options override it) and "
        "[bold]--help[/bold]. Exit codes: 0 done, 2 wrong input, 3 stopped by a "
        "guard, 75 stopped by a signal with all that is done kept, 1 anything else."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(metadata.version("lithophile"))
        raise typer.Exit


@application.callback()
def _program(
    *,
    _version_asked: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


_FIRST, _STAGES = "The whole line", "One stage at a time"
application.command(rich_help_panel=_FIRST)(demo)
application.command(rich_help_panel=_FIRST)(run)
application.command(rich_help_panel=_FIRST)(report)
application.command(rich_help_panel=_FIRST)(schema)
application.add_typer(data, name="data", rich_help_panel=_STAGES)
application.command(rich_help_panel=_STAGES)(label)
application.command(rich_help_panel=_STAGES)(train)
application.command(rich_help_panel=_STAGES)(evaluate)
application.command(rich_help_panel=_STAGES)(learn)
application.add_typer(models, name="models", rich_help_panel=_STAGES)
application.add_typer(build, name="build", rich_help_panel=_STAGES)
application.command(rich_help_panel=_STAGES)(relax)
application.command(rich_help_panel=_STAGES)(barriers)
application.command(rich_help_panel=_STAGES)(md)
application.add_typer(analyze, name="analyze", rich_help_panel=_STAGES)
application.add_typer(export, name="export", rich_help_panel=_STAGES)
application.add_typer(screen, name="screen", rich_help_panel=_STAGES)


def main() -> None:
    """Run the program and leave with the exit code that belongs to its end."""
    try:
        application()
    except KeyboardInterrupt:
        complain("interrupted")
        sys.exit(FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(FAILED)
    except Exception as error:  # noqa: BLE001  (the last place that can tell the user)
        code = exit_code(error)
        if not is_explained(error) or os.environ.get("LITHOPHILE_DEBUG"):
            traceback.print_exc()
        complain("\n".join([str(error), *getattr(error, "__notes__", ())]))
        sys.exit(code)
