"""Settings of ``lithophile label``."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from lithophile.settings import Settings


class LabelSettings(Settings):
    """Which structures are labelled, by what, in what order."""

    pool: tuple[Path, ...] = Field(
        (), description="Files of structures; or, with finished, outputs of codes"
    )
    code: str | None = Field(
        None,
        description="gpaw, vasp, cp2k, espresso, or the dotted name of an ASE "
        "calculator; null: the one that the settings name",
    )
    settings: str | None = Field(
        None,
        description="Shipped level of theory or YAML file with the code's settings; "
        "null: li-zr-cl-gpaw for gpaw",
    )
    python: str | None = Field(
        None, description="Interpreter of the environment in which the code is"
    )
    finished: bool = Field(
        default=False,
        description="Read the labels from outputs of finished calculations instead",
    )
    steps: Literal["last", "all"] = Field(
        "last", description="Steps of a finished relaxation or run that are taken"
    )
    functional: str | None = Field(
        None, description="Functional of finished calculations; null: as they say"
    )
    config_type: str | None = Field(
        None, description="Kind of system of finished calculations"
    )
    skip: tuple[Path, ...] = Field(
        (), description="Label files whose structures need not be done again"
    )
    order: Literal["file", "cheapest", "round-robin"] = Field(
        "file",
        description="As in the pool, cheapest first, or cheapest of each config_type "
        "in turn",
    )
    part: str | None = Field(
        None,
        description="K/N: the K-th of N parts of the pool, for N jobs side by side",
    )
    limit: int | None = Field(None, ge=1, description="Most calculations of this run")
    minutes: float | None = Field(
        None, gt=0, description="Time after which none is started [min]"
    )
    retry_failed: bool = Field(
        default=False, description="Try structures again that failed before"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if not self.pool:
            raise ValueError("pool must be given; got nothing. Name a structure file")
        if self.finished and (self.code or self.settings or self.python):
            given = self.code or self.settings or self.python
            raise ValueError(
                f"finished must come without code, settings and python; got {given}. "
                "Outputs say themselves what made them"
            )
        if self.part is not None:
            number, _, parts = self.part.partition("/")
            whole = number.isdigit() and parts.isdigit()
            if not whole or not 1 <= int(number) <= int(parts):
                raise ValueError(
                    f"part must be K/N with K from 1 to N; got {self.part!r}. Write "
                    "for example 1/4"
                )
        return self
