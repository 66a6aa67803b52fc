"""Options that several commands share."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from training_data.errors import InputError

_INPUT, _OUTPUT, _MODEL = "Settings", "Output", "Potential"

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        rich_help_panel=_INPUT,
        help="YAML (or .toml) settings; options override them. "
        "`lithophile schema COMMAND` prints the keys.",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json", rich_help_panel=_OUTPUT, help="Print one JSON object on stdout."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        rich_help_panel=_OUTPUT,
        help="Folder for everything that is written; must not hold a run.",
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        rich_help_panel=_OUTPUT,
        help="Delete the run in --out and start again.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        rich_help_panel=_OUTPUT,
        help="Go on with the run in --out; start it where there is none.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME|FILE",
        rich_help_panel=_MODEL,
        show_default="li-zr-cl",
        help="Name (`lithophile models list`), weights file or folder of `train`.",
    ),
]
Dtype = Annotated[
    Literal["float32", "float64"] | None,
    typer.Option(
        "--dtype",
        rich_help_panel=_MODEL,
        show_default="float64",
        help="Precision of the potential.",
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device", rich_help_panel=_MODEL, show_default="cpu", help="cpu or cuda."
    ),
]
Engine = Annotated[
    Literal["auto", "plain", "fast", "cueq", "fastmace"] | None,
    typer.Option(
        "--engine",
        rich_help_panel=_MODEL,
        show_default="auto",
        help="How a MACE network is computed; cueq and fastmace need an NVIDIA GPU.",
    ),
]
TrustModel = Annotated[
    bool | None,
    typer.Option(
        "--trust-model",
        rich_help_panel=_MODEL,
        show_default="refused",
        help="Open a pickled .model file. Opening one can run any code.",
    ),
]


def needed_out(out: Path | None) -> Path:
    """Folder that was given after --out.

    Raises
    ------
    InputError
        When none was given.

    """
    if out is None:
        raise InputError("--out must be given; got nothing. Name a folder to write to.")
    return out


def with_millers(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options with Miller indices as three integers.

    Examples
    --------
    >>> with_millers({"miller": "1 -1 0"})
    {'miller': (1, -1, 0)}

    """
    return {
        name: _indices(name, value) if name.endswith("miller") and value else value
        for name, value in given.items()
    }


def _indices(name: str, text: str) -> tuple[int, ...]:
    parts = text.replace(",", " ").split()
    parts = list(text) if len(parts) == 1 and text.isdigit() else parts
    try:
        indices = tuple(int(part) for part in parts)
    except ValueError:
        indices = ()
    if len(indices) != 3:  # noqa: PLR2004
        raise InputError(f"{name} must be three integers; got {text!r}. Write '0 0 1'.")
    return indices
