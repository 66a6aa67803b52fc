"""Settings of ``lithophile barriers``."""

from typing import Literal

from pydantic import Field

from lithophile.settings import ModelSettings


class BarriersSettings(ModelSettings):
    """Which ion hops where, and how its barriers are computed."""

    structure: str | None = Field(None, description="Prototype by name, or file")
    species: str = Field("Li", description="Element that moves")
    mechanism: Literal["vacancy", "interstitial"] = Field(
        "vacancy",
        description="Hops into a vacancy, or of one ion more between empty places",
    )
    cutoff_A: float | None = Field(
        None,
        gt=0,
        description="Longest hop; null: what lets the network lead through [Å]",
    )
    smallest_height_A: float = Field(
        10.0, gt=0, description="Smallest distance of opposite faces of the cell [Å]"
    )
    n_images: int = Field(5, ge=1, description="Images between the ends of a hop")
    fmax_eV_per_A: float = Field(
        0.05, gt=0, description="Largest force left on ends and bands [eV/Å]"
    )
    max_steps: int = Field(300, ge=1, description="Most steps of a band")
    relax_cell: bool = Field(
        default=True, description="Relax the cell of the crystal first"
    )
    smallest_void_A: float = Field(
        1.9,
        gt=0,
        description="Smallest distance of an empty place to the nearest atom [Å]",
    )
