"""Settings of labelling: the code, its arguments and what a label must satisfy."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from training_data.errors import InputError
from training_data.labelling_kpoints import KPoints

LEVELS = Path(__file__).parent / "data" / "levels"
DEFAULT_LEVEL = "li-zr-cl-gpaw"
CODES = {
    "gpaw": "gpaw.GPAW",
    "vasp": "ase.calculators.vasp.Vasp",
    "cp2k": "ase.calculators.cp2k.CP2K",
    "espresso": "ase.calculators.espresso.Espresso",
}
"""Codes with a short name, and the ASE calculators behind them."""


class LabellingSettings(BaseModel):
    """One level of theory, and what is asked of every label at that level."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(
        description="gpaw, vasp, cp2k, espresso, or the dotted name of any ASE "
        "calculator, such as ase.calculators.emt.EMT"
    )
    arguments: dict[str, Any] = Field(
        {}, description="Keyword arguments of the calculator; absolute paths"
    )
    kpoints: KPoints | None = Field(
        None,
        description="Grid of every structure, passed on as kpts; null: none is passed",
    )
    functional: str = Field(
        "unstated", description="Exchange-correlation functional, as in model cards"
    )
    level: str | None = Field(
        None,
        description="Words for the level of theory, kept as `code` with every label; "
        "{package} stands for the version of a Python package where the code runs. "
        "null: code, version and arguments",
    )
    dispersion: Literal["D3(BJ)"] | None = Field(
        None, description="Dispersion stored beside the labels as D3_* (PBE alone)"
    )
    stress: bool = Field(default=True, description="Whether a label holds a stress")
    stress_eV_per_atom: dict[str, float] | None = Field(
        None,
        description="Per element: added to the analytic stress after division by the "
        "volume, where a plane-wave cutoff makes it differ from dE/dε [eV]; structures "
        "with other elements are refused",
    )
    periodic: bool = Field(
        default=True, description="Refuse structures that are not periodic in 3 axes"
    )
    use_magnetic_moments: bool = Field(
        default=False, description="Start from the initial_magmoms of the structures"
    )
    max_force_eV_per_A: float = Field(
        50.0, gt=0, description="Largest force that a label may hold [eV/Å]"
    )
    timeout_minutes: float | None = Field(
        None, gt=0, description="Longest calculation of one structure [min]"
    )
    stop_after_failures: int = Field(
        10, ge=1, description="Failures in a row after which the queue ends"
    )
    python: str | None = Field(
        None,
        description="Interpreter of the environment in which the code is installed; "
        "null: this one, or for gpaw $LITHOPHILE_GPAW_PYTHON where that is set",
    )
    threads: int = Field(1, ge=1, description="Threads of the calculation")
    reproducible: bool = Field(
        default=True,
        description="GPAW: the same label bit for bit in every run, for some per cent "
        "of speed (Fourier transforms chosen by rule, not by trial)",
    )
    keep_output: Literal["none", "failed", "all"] = Field(
        "failed", description="Calculations whose files are kept beside the labels"
    )

    @field_validator("code")
    @classmethod
    def _known(cls, code: str) -> str:
        if code not in CODES and "." not in code:
            raise ValueError(
                f"must be one of {', '.join(CODES)} or the dotted name of an ASE "
                "calculator such as ase.calculators.emt.EMT"
            )
        return code

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        taken = sorted({"kpts", "txt", "directory"} & set(self.arguments))
        if "kpts" in taken and self.kpoints is None:
            taken.remove("kpts")
        if taken:
            raise ValueError(
                f"arguments must leave {', '.join(taken)} to the queue; got "
                f"{taken[0]}={self.arguments[taken[0]]!r}. Grids are set in kpoints"
            )
        if self.dispersion and self.functional != "PBE":
            raise ValueError(
                "functional must be PBE for dispersion D3(BJ); got "
                f"{self.functional!r}. Leave dispersion out"
            )
        if self.code == "cp2k" and self.kpoints is not None:
            raise ValueError(
                "kpoints must be null for cp2k; got a density. ASE's CP2K takes the "
                "grid from the KPOINTS section of arguments.inp"
            )
        return self

    @property
    def calculator(self) -> str:
        """Dotted name of the calculator's class."""
        return CODES.get(self.code, self.code)


def available_levels() -> tuple[str, ...]:
    """Names of the levels of theory that are shipped.

    Examples
    --------
    >>> available_levels()
    ('li-zr-cl-gpaw',)

    """
    return tuple(sorted(path.stem for path in LEVELS.glob("*.yaml")))


def read_labelling_settings(source: str | Path = DEFAULT_LEVEL) -> LabellingSettings:
    """Labelling settings, by the name of a shipped level or from a YAML file.

    Parameters
    ----------
    source
        Name (see `available_levels`) or file.

    Returns
    -------
    LabellingSettings
        Checked settings.

    Raises
    ------
    InputError
        Missing file, no YAML, unknown keys or values of the wrong kind, all at once.

    Examples
    --------
    >>> read_labelling_settings().arguments["mode"]
    {'name': 'pw', 'ecut': 400}

    """
    import yaml  # noqa: PLC0415  (only where settings are read)

    path = LEVELS / f"{source}.yaml" if source in available_levels() else Path(source)
    if not path.is_file():
        raise InputError(
            f"settings must be a file or one of {', '.join(available_levels())}; got "
            f"'{source}'. Copy '{LEVELS / DEFAULT_LEVEL}.yaml' to start from."
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"settings must be a YAML file; got '{path}': {reason}."
        ) from None
    if not isinstance(content, dict):
        raise InputError(
            f"settings must be keys and values; got '{path}'. Write `key: value` lines."
        )
    return checked_settings(content, source=str(path))


def checked_settings(values: dict[str, Any], *, source: str) -> LabellingSettings:
    """Labelling settings from keys and values.

    Parameters
    ----------
    values
        Keys and values as in a file.
    source
        Where they come from, for the message.

    Raises
    ------
    InputError
        With all that is wrong.

    Examples
    --------
    >>> checked_settings({"code": "ase.calculators.emt.EMT"}, source="here").periodic
    True

    """
    try:
        return LabellingSettings.model_validate(values)
    except ValidationError as error:
        lines = []
        for entry in error.errors(include_url=False):
            place = ".".join(str(part) for part in entry["loc"])
            message = str(entry["msg"]).removeprefix("Value error, ")
            given = f"; got {entry['input']!r}" if place else ""
            lines.append(f"  {place + ': ' if place else ''}{message}{given}.")
        raise InputError(
            "\n".join(
                [
                    f"settings must be free of errors; got {len(lines)} in {source}:",
                    *lines,
                ]
            )
        ) from None
