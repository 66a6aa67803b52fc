"""Standard streams: one JSON object on stdout, everything else on stderr."""

import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

LINE_INTERVAL_S = 15.0
"""Time between progress lines where the terminal cannot show a bar [s]."""

MOST_VALUES = 12
"""Longest list that is printed in full."""

MOST_COLUMNS = 6
"""Widest table; records with more entries are printed one below the other."""

Progress = Callable[[int, int, Mapping[str, Any]], None]
"""What long work calls with (steps done, steps in all, numbers to show)."""


def plain(value: object) -> Any:  # noqa: ANN401
    """Value made of JSON's own types; numbers that are not finite become null.

    Examples
    --------
    >>> plain({"energy_eV": float("nan"), "shape": (2, 3)})
    {'energy_eV': None, 'shape': [2, 3]}

    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in value]
    return str(value)


@dataclass(frozen=True, kw_only=True)
class Voice:
    """What one command may say: its result on stdout, the rest on stderr.

    Parameters
    ----------
    stdout
        The real standard output; file descriptor 1 itself leads to stderr while
        a command works, because compiled libraries and subprocesses print too.
    as_json
        Print the result as one JSON object, without a table.

    """

    stdout: TextIO
    as_json: bool

    def result(self, result: Mapping[str, Any]) -> None:
        """Print the command's result."""
        if self.as_json:
            print(json.dumps(plain(result), ensure_ascii=False), file=self.stdout)
        else:
            _print_tables(result, Console(file=self.stdout, highlight=False))
        self.stdout.flush()

    def note(self, message: str) -> None:
        """Print one line for the reader on stderr."""
        print(message, file=sys.stderr, flush=True)


def complain(message: str) -> None:
    """Print the one message that says why the program ends early."""
    print(f"lithophile: {message}", file=sys.stderr, flush=True)


@contextmanager
def voice(*, as_json: bool) -> Iterator[Voice]:
    """Open a command's voice: stdout is kept for the result alone."""
    warnings.simplefilter("default" if os.environ.get("LITHOPHILE_DEBUG") else "ignore")
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(saved), "w", encoding="utf-8") as stdout:
            yield Voice(stdout=stdout, as_json=as_json)
    finally:
        sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """Show a bar on stderr, or a line every 15 seconds where there is no terminal.

    Yields
    ------
    Callable
        To be called with (steps done, steps in all, numbers to show).

    """
    console = Console(stderr=True)
    if console.is_terminal:
        with _terminal_bar(title, console) as update:
            yield update
    else:
        yield _lines(title)


@contextmanager
def _terminal_bar(title: str, console: Console) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeRemainingColumn(),
    )
    bars = Bars(*columns)
    task = bars.add_task(title, total=1)
    with Live(bars, console=console, transient=True) as live:

        def update(done: int, total: int, numbers: Mapping[str, Any]) -> None:
            bars.update(task, completed=done, total=total)
            # below the bar, where a long line may wrap
            live.update(Group(bars, Text(_short(numbers), style="dim")))

        yield update


def _lines(title: str) -> Progress:
    last = time.monotonic()

    def update(done: int, total: int, numbers: Mapping[str, Any]) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LINE_INTERVAL_S:
            last = now
            line = f"{title}: {done}/{total} {_short(numbers)}".rstrip()
            print(line, file=sys.stderr, flush=True)

    return update


def _short(numbers: Mapping[str, Any]) -> str:
    return "  ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in numbers.items()
    )


def _cell(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, list | tuple):
        if len(value) > MOST_VALUES:
            return f"{len(value)} values (all of them with --json)"
        return ", ".join(_cell(entry) for entry in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_cell(entry)}" for key, entry in value.items())
    return str(value)


def _print_tables(result: Mapping[str, Any], console: Console) -> None:
    result = plain(result)
    for name, value in result.items():
        if isinstance(value, dict) and all(isinstance(v, dict) for v in value.values()):
            rows = [{"": key, **entry} for key, entry in value.items()]
        elif isinstance(value, list) and all(isinstance(v, dict) for v in value):
            rows = value
        else:
            console.print(f"[bold]{name}[/bold]  ", end="")
            console.print(_cell(value), markup=False, soft_wrap=True)
            continue
        if rows:
            _print_rows(name, rows, console)


def _print_rows(title: str, rows: list[dict[str, Any]], console: Console) -> None:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if len(columns) > MOST_COLUMNS and "" not in columns:
        for row in rows:
            console.print(f"[bold]{title}[/bold]")
            for key, value in row.items():
                console.print(f"  {key}  {_cell(value)}", markup=False, soft_wrap=True)
        return
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    console.print(table)
