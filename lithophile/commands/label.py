"""``lithophile label``: labels from DFT, one structure after the other."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lithophile.commands import options
from lithophile.console import progress_bar, voice
from lithophile.early_signals import answering_early

_QUEUE, _FINISHED = "Queue", "Finished calculations"


def label(
    ctx: typer.Context,
    pool: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="POOL",
            show_default=False,
            help="Structures, any file that ASE reads; with --finished, outputs.",
        ),
    ] = None,
    *,
    code: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default="that of the settings",
            help="gpaw, vasp, cp2k, espresso, or an ASE calculator by its dotted name.",
        ),
    ] = None,
    settings: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            show_default="li-zr-cl-gpaw",
            help="Level of theory: a shipped one, or a YAML file.",
        ),
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            show_default="this one",
            help="Interpreter of the environment in which the code is installed.",
        ),
    ] = None,
    skip: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=_QUEUE,
            show_default=False,
            help="Label file whose structures need not be done again (repeatable).",
        ),
    ] = None,
    order: Annotated[
        Literal["file", "cheapest", "round-robin"] | None,
        typer.Option(
            rich_help_panel=_QUEUE,
            show_default="file",
            help="As in the pool, cheapest first, or of each config_type in turn.",
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            metavar="K/N",
            rich_help_panel=_QUEUE,
            show_default="all",
            help="K-th of N parts of the pool, for N jobs side by side.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=_QUEUE,
            show_default="all",
            help="Most calculations of this run.",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=_QUEUE,
            show_default="no end",
            help="Start none after this time (min).",
        ),
    ] = None,
    retry_failed: Annotated[
        bool | None,
        typer.Option(
            "--retry-failed",
            rich_help_panel=_QUEUE,
            help="Try structures again that failed before.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            rich_help_panel=_QUEUE,
            help="Print the queue with its k-point grids; compute nothing.",
        ),
    ] = False,
    finished: Annotated[
        bool | None,
        typer.Option(
            "--finished",
            rich_help_panel=_FINISHED,
            help="POOL are outputs of VASP, GPAW, CP2K or Quantum ESPRESSO: read them.",
        ),
    ] = None,
    steps: Annotated[
        Literal["last", "all"] | None,
        typer.Option(
            rich_help_panel=_FINISHED,
            show_default="last",
            help="Steps of a relaxation or of dynamics that are taken.",
        ),
    ] = None,
    functional: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=_FINISHED,
            show_default="as the outputs say",
            help="Name of the functional.",
        ),
    ] = None,
    config_type: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=_FINISHED,
            show_default="unspecified",
            help="Kind of system.",
        ),
    ] = None,
    config: options.Config = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            rich_help_panel="Output",
            help="File of labels, extended XYZ.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            rich_help_panel="Output",
            help="Go on with the labels in --out; start where there are none.",
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            rich_help_panel="Output",
            help="Delete the labels in --out and start again.",
        ),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Label structures with DFT; resumes after a kill without losing a label.

    Each label is on the disk before the next calculation starts. What does not
    converge is noted with the reason in LABELS.failed.json and never becomes a label.
    With --resume, options that are not given are those of the run; after SIGTERM the
    exit code is 75. The default level is that of the shipped data set, PBE with D3(BJ)
    beside it. GPAW may live in an environment of its own (--python, or the variable
    LITHOPHILE_GPAW_PYTHON).

    [bold]Examples[/bold]

    lithophile label pool.extxyz --code gpaw --out labels.extxyz

    lithophile label --out labels.extxyz --resume

    lithophile label runs/1/vasprun.xml runs/2/vasprun.xml --finished --out labels.extxyz
    """  # noqa: E501  (a command stays on one line to be copied)
    with (
        answering_early(),
        voice(as_json=as_json) as say,
        progress_bar("label") as progress,
    ):
        from lithophile.stages.labelling import LabellingInterrupted, labelling_stage

        try:
            result = labelling_stage(
                config,
                options={**ctx.params, "pool": pool or None, "skip": skip or None},
                out=options.needed_out(out),
                resume=resume,
                overwrite=overwrite,
                dry_run=dry_run,
                progress=progress,
            )
        except LabellingInterrupted as stop:
            say.result(stop.result)
            raise stop.early from None
        say.result(result)
