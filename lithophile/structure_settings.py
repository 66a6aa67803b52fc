"""Settings of ``lithophile analyze structure``."""

from typing import Literal

from pydantic import Field

from lithophile.settings import TrajectorySettings


class StructureSettings(TrajectorySettings):
    """Whose surroundings are described, and how finely."""

    centre: str = Field("Zr", description="Element whose surroundings are described")
    ligand: str = Field("Cl", description="Element around it")
    cutoff_A: float | None = Field(
        None, gt=0, description="Longest bond; null: first minimum of g(r) [Å]"
    )
    degree: int = Field(6, ge=0, description="Degree of the Steinhardt parameter")
    axis: Literal["a", "b", "c"] = Field(
        "c", description="Lattice vector that leaves the plane of the interface"
    )
    bin_width_A: float = Field(2.0, gt=0, description="Height of a bin [Å]")
    reference: Literal["others", "none"] = Field(
        "others", description="Atoms whose mean height is zero"
    )
    n_times: int = Field(20, ge=1, description="Blocks in time")
    most_frames: int = Field(200, ge=1, description="Most frames that are used")
