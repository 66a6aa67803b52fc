"""Settings of ``lithophile build interface`` and ``build slab``."""

from typing import Literal

from pydantic import Field

from lithophile.settings import ModelSettings, Settings

Termination = int | tuple[int, int]


class RegistryOptions(ModelSettings):
    """Gap and in-plane shift by energy, with which potential."""

    gaps_A: tuple[float, ...] = Field(
        (2.0, 2.25, 2.5, 2.75, 3.0), description="Gaps that are tried [Å]"
    )
    n_shifts: int = Field(
        3, ge=1, description="Shifts along each edge of the cell of distinct shifts"
    )


class CutSettings(Settings):
    """What counts as an atomic plane, and the charges of the ions."""

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
    electrolyte_layers: int = Field(4, ge=1, description="Layers of the electrolyte")
    metal_layers: int = Field(5, ge=1, description="Layers of the metal")
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
    gap_A: float = Field(2.5, gt=0, description="Distance of the two surfaces [Å]")
    vacuum_A: float | None = Field(
        None,
        gt=0,
        description="Vacuum above the metal; null: a second contact instead [Å]",
    )
    max_mismatch_percent: float = Field(
        2.0, gt=0, description="Largest lattice mismatch taken [%]"
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
    layers: int = Field(4, ge=1, description="Number of layers")
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
        description="Vacuum, on top of the distance that the crystal's layers have [Å]",
    )
