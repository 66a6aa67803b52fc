"""Settings of ``lithophile build llzo``."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from lithophile.settings import Settings


class OrderingSettings(Settings):
    """Settings of ``lithophile build llzo``."""

    phase: Literal["cubic", "tetragonal"] = Field(
        "cubic",
        description="LLZO with lithium to be ordered (cubic), or ordered as measured "
        "(tetragonal)",
    )
    structure: Path | None = Field(
        None,
        description="File with partial occupancies to order instead of LLZO, a CIF",
    )
    supercell: tuple[int, int, int] = Field(
        (1, 1, 1),
        description="Number of cells along each lattice vector; each holds the whole "
        "numbers of atoms that one does",
    )
    counts: dict[str, int] | None = Field(
        None,
        description="Atoms of each element in the whole cell, where the occupancies "
        "do not give whole numbers",
    )
    oxidation_states: dict[str, float] | None = Field(
        None,
        description="Charges of elements whose charge is not obvious",
    )
    min_distance_A: float = Field(
        2.0,
        ge=0,
        description="Partly occupied sites closer than this are never both occupied "
        "[Å]",
    )
    method: Literal["tempering", "annealing", "enumeration"] = Field(
        "tempering", description="How arrangements are searched"
    )
    n_runs: int = Field(10, ge=1, description="Independent runs")
    n_sweeps: int = Field(1500, ge=1, description="Moves per mobile atom of each run")
    n_keep: int = Field(10, ge=1, description="Most structures that are written")
    seed: int = Field(0, ge=0, description="Seed of the random numbers")
    model: str | None = Field(
        None,
        description="Potential that ranks the structures; null: point charges alone",
    )

    @model_validator(mode="after")
    def _tetragonal_is_ordered(self) -> Self:
        if self.phase == "tetragonal" and self.structure is not None:
            raise ValueError(
                "phase must be left out when structure is given; got tetragonal. "
                "The file says what it holds"
            )
        return self
