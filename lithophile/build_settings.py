"""Settings of ``lithophile build interface`` and ``build slab``."""

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from lithophile.settings import ModelSettings, Settings

Termination = int | tuple[int, int]
MOST_STRUCTURES = 2000  # in one search of the registry


class RegistryOptions(ModelSettings):
    """Gap and in-plane shift by energy, with which potential."""

    model_config = ConfigDict(allow_inf_nan=False)

    gaps_A: tuple[float, ...] = Field(
        (2.0, 2.25, 2.5, 2.75, 3.0), description="Gaps that are tried [Å]"
    )
    n_shifts: int = Field(
        3, ge=1, description="Shifts along each edge of the cell of distinct shifts"
    )

    @model_validator(mode="after")
    def _few_structures(self) -> Self:
        """Refuse a search that is too large before anything is built."""
        n_structures = len(self.gaps_A) * self.n_shifts**2
        if n_structures > MOST_STRUCTURES:
            raise ValueError(
                f"n_shifts and gaps_A must make at most {MOST_STRUCTURES} structures, "
                f"not {n_structures}; scan the gap first, then the shift"
            )
        return self


class CutSettings(Settings):
    """What counts as an atomic plane, and the charges of the ions."""

    model_config = ConfigDict(allow_inf_nan=False)

    plane_tolerance_A: float = Field(
        0.3, gt=0, description="Atoms closer than this along the normal are one plane"
    )
    oxidation_states: dict[str, float] | None = Field(
        None, description="Charges that the table of undisputed ones lacks [e]"
    )


class InterfaceSettings(CutSettings):
    """Settings of ``lithophile build interface``; defaults are the paper's."""

    electrolyte: str = Field(
        "Li2ZrCl6", description="Name of a prototype, or structure file"
    )
    metal: str = Field("Li-fcc", description="Name of a prototype, or structure file")
    electrolyte_miller: tuple[int, int, int] = Field(
        (0, 0, 1), description="Miller indices of the electrolyte's surface"
    )
    metal_miller: tuple[int, int, int] = Field(
        (1, 1, 1), description="Miller indices of the metal's surface"
    )
    electrolyte_layers: int | None = Field(
        None,
        ge=1,
        description="Layers of the electrolyte; null: 4, unless a thickness is given",
    )
    metal_layers: int | None = Field(
        None,
        ge=1,
        description="Layers of the metal; null: 5, unless a thickness is given",
    )
    electrolyte_thickness_A: float | None = Field(
        None, gt=0, description="Least thickness in place of the layers [Å]"
    )
    metal_thickness_A: float | None = Field(
        None, gt=0, description="Least thickness in place of the layers [Å]"
    )
    electrolyte_termination: Termination | None = Field(
        None,
        description="Number of the cut, or of the lower and the upper one; null: the "
        "widest gap, or a non-polar cut where that is polar",
    )
    metal_termination: Termination | None = Field(
        None,
        description="Number of the cut, or of the lower and the upper one; null: the "
        "widest gap, or a non-polar cut where that is polar",
    )
    gap_A: float = Field(
        2.5, gt=0, le=1000, description="Distance of the two surfaces [Å]"
    )
    vacuum_A: float | None = Field(
        None,
        gt=0,
        le=1000,
        description="Vacuum above the metal, at least the gap; null: a second contact "
        "instead [Å]",
    )
    max_mismatch_percent: float = Field(
        2.0, gt=0, le=10, description="Largest lattice mismatch taken [%]"
    )
    max_area_A2: float = Field(
        400.0, gt=0, description="Largest area of the common cell [Å²]"
    )
    min_area_A2: float = Field(
        0.0, ge=0, description="Smallest area; a larger one makes a wider cell [Å²]"
    )
    match: int = Field(
        0, ge=0, description="Which of the matches to build; 0 is the smallest"
    )
    strain_on: Literal["metal", "electrolyte", "shared"] = Field(
        "metal", description="Which side carries the strain"
    )
    shift: tuple[float, float] = Field(
        (0.0, 0.0), description="Shift of the metal along a and b, in fractions"
    )
    max_atoms: int = Field(5000, ge=1, description="Largest interface that is built")
    registry: RegistryOptions | None = Field(
        None, description="Search of gap and shift by energy; null: left out"
    )


class SlabSettings(CutSettings):
    """Settings of ``lithophile build slab``."""

    structure: str = Field(
        "Li2ZrCl6", description="Name of a prototype, or structure file"
    )
    miller: tuple[int, int, int] = Field(
        (0, 0, 1), description="Miller indices of the surface"
    )
    layers: int | None = Field(
        None,
        ge=1,
        description="Number of layers; null: 4, unless a thickness is given",
    )
    thickness_A: float | None = Field(
        None, gt=0, description="Least thickness in place of the layers [Å]"
    )
    termination: int | None = Field(
        None,
        ge=0,
        description="Number of the lower cut; null: the widest gap, or a non-polar cut "
        "where that is polar",
    )
    top_termination: int | None = Field(
        None, ge=0, description="Number of the upper cut; null: complete layers"
    )
    vacuum_A: float = Field(
        15.0,
        ge=0,
        le=1000,
        description="Vacuum, on top of the distance that the crystal's layers have [Å]",
    )
    max_atoms: int = Field(5000, ge=1, description="Largest slab that is built")
