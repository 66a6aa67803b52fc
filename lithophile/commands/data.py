"""``lithophile data``: check, map and fetch labelled configurations."""

from pathlib import Path
from typing import Annotated

import typer

from lithophile.commands import options
from lithophile.console import progress_bar, voice

data = typer.Typer(
    help="Labelled configurations: what is wrong with them, what they cover, and "
    "public ones to fetch.",
    no_args_is_help=True,
)


@data.command()
def doctor(
    ctx: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE…",
            help="Labelled extxyz file, or a shipped data set by name; several files "
            "are the parts of a split.",
        ),
    ] = None,
    *,
    max_atoms: Annotated[
        int | None,
        typer.Option(
            show_default="4000000",
            help="Positions and forces are kept for so many atoms.",
        ),
    ] = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Examine a data set: findings and a verdict, ok, warn or fail. Exits with 0.

    Keys, missing labels, stress sign and unit, energy unit, shuffled forces, mixed
    levels of theory, outliers, near-duplicates, leakage between splits, close atoms and
    coverage. Labels are judged against each other, so that nothing has to be known of
    the code that made them.

    [bold]Examples[/bold]

    lithophile data doctor my-labels.extxyz

    lithophile data doctor train.extxyz test.extxyz --out doctor
    """
    with voice(as_json=as_json) as say, progress_bar("data doctor") as progress:
        from lithophile.data_settings import DoctorSettings
        from lithophile.settings_file import read_settings

        given = {**ctx.params, "files": files or None}
        settings = read_settings(DoctorSettings, file=config, options=given)
        from lithophile.stages.data_doctor import doctor_stage

        result = doctor_stage(settings, out=out, overwrite=overwrite, progress=progress)
        say.result(result if as_json else _readable(result))


def _readable(result: dict[str, object]) -> dict[str, object]:
    """Leave out what a reader of a table does not need."""
    findings = result["findings"]
    rows = [
        {
            "check": each["check"],
            "severity": each["severity"],
            "frames": _some(each["frames"], each["n_frames"]),
            "message": each["message"],
        }
        for each in (findings if isinstance(findings, list) else [])
    ]
    kept = {k: v for k, v in result.items() if k not in {"findings", "measured"}}
    return {"findings": rows, **kept}


def _some(frames: list[int], n_frames: int) -> str:
    """First frames of a list.

    Examples
    --------
    >>> _some([1, 2, 3, 4, 5, 6], 20)
    '1 2 3 4 … (20)'

    """
    shown = " ".join(map(str, frames[:4]))
    return f"{shown} … ({n_frames})" if n_frames > 4 else shown  # noqa: PLR2004


@data.command()
def coverage(
    ctx: typer.Context,
    dataset: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="Labelled file, shipped data set by name, trajectory or run folder.",
        ),
    ] = None,
    *,
    structures: Annotated[
        list[Path] | None,
        typer.Option(
            "--structure",
            help="Structure file whose distance from the data set is asked for.",
        ),
    ] = None,
    degree: Annotated[
        int | None,
        typer.Option(show_default="6", help="Degree of the order parameter."),
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(show_default="1", help="Only every so many frames."),
    ] = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Map of a data set or trajectory: order parameter, density and energy.

    With --structure, how far structures to be simulated lie from it, beside how far its
    own configurations lie from each other.

    [bold]Examples[/bold]

    lithophile data coverage li-zr-cl-pbe --out coverage

    lithophile data coverage my-labels.extxyz --structure interface.extxyz --out far
    """
    with voice(as_json=as_json) as say, progress_bar("data coverage") as progress:
        from lithophile.data_settings import CoverageSettings
        from lithophile.settings_file import read_settings

        given = {**ctx.params, "structures": structures or None}
        settings = read_settings(CoverageSettings, file=config, options=given)
        from lithophile.stages.data_coverage import coverage_stage

        say.result(
            coverage_stage(settings, out=out, overwrite=overwrite, progress=progress)
        )


@data.command()
def fetch(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Name in the catalogue (--list)."),
    ] = None,
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FOLDER",
            show_default="$LITHOPHILE_DATA_DIR, or a download",
            help="Folder with local copies.",
        ),
    ] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default="that of lithophile",
            help="JSON file with further data sets.",
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the catalogue instead.")
    ] = False,
    config: options.Config = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            rich_help_panel="Output",
            show_default="cache of the user",
            help="Folder to download into.",
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Public data set with its checksum verified: a local copy, or a download.

    What has no single file upstream must be given as a local copy; the message says
    where it comes from and how it is made.

    [bold]Examples[/bold]

    lithophile data fetch --list

    lithophile data fetch llzo --from ~/data
    """
    with voice(as_json=as_json) as say:
        from lithophile.data_settings import FetchSettings
        from lithophile.settings_file import read_settings

        settings = read_settings(FetchSettings, file=config, options=ctx.params)
        from lithophile.stages.data_fetch import fetch_stage, list_stage

        if listed:
            say.result(list_stage(settings, brief=not as_json))
            return
        say.result(fetch_stage(settings, out=out))
