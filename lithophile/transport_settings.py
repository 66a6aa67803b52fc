"""Settings of the commands on conduction."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from lithophile.settings import Settings


class ArrheniusSettings(Settings):
    """Settings of ``lithophile analyze arrhenius``."""

    trajectories: tuple[Path, ...] = Field(
        (), description="H5MD files or run folders, one for each temperature"
    )
    frame_time_ps: float | None = Field(
        None, gt=0, description="Time between frames, for files without times [ps]"
    )
    temperatures_K: tuple[float, ...] | None = Field(
        None,
        description="One for each trajectory; null: the mean temperature of each [K]",
    )
    species: str = Field("Li", description="Element that carries")
    charge_e: float = Field(1.0, description="Charge of a carrier [e]")
    reference: Literal["others", "framework", "slab", "none"] = Field(
        "others", description="Atoms whose drift is removed"
    )
    fit_ps: tuple[float, float] | None = Field(
        None,
        description="First and last lag of the fit; null: chosen from the length [ps]",
    )
    at_K: float = Field(
        303.15, gt=0, description="Temperature to which the line is drawn [K]"
    )
    volume_A3: float | None = Field(
        None, gt=0, description="Volume of the carriers; null: that of the cell [Å³]"
    )
