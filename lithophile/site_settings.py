"""Settings of the commands on density, sites and channels of ions."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from lithophile.settings import Settings, TrajectorySettings


class FrameOptions(Settings):
    """Which ions, and what they are seen from."""

    species: str = Field("Li", description="Element of the ions")
    framework: tuple[str, ...] | None = Field(
        None, description="Elements of the framework; null: all others"
    )
    frame: Literal["whole", "layers"] = Field(
        "whole",
        description="One rigid framework, or each labelled layer for itself (layers "
        "that slide)",
    )
    start_ps: float = Field(
        0.0, ge=0, description="Time at the start that is left out [ps]"
    )


class DensityOptions(FrameOptions):
    """How the density is counted."""

    spacing_A: float = Field(0.3, gt=0, description="Longest edge of a voxel [Å]")
    smoothing_A: float = Field(
        0.0, ge=0, description="Width of a Gaussian that smooths the density [Å]"
    )
    temperature_K: float | None = Field(
        None, gt=0, description="Temperature; null: mean of the run's [K]"
    )


class DensitySettings(TrajectorySettings, DensityOptions):
    """Settings of ``lithophile analyze density``."""

    formats: tuple[Literal["cube", "chgcar", "xsf"], ...] = Field(
        ("cube",), description="Files of the density that are written"
    )


class SiteOptions(FrameOptions):
    """What a site is, and when an ion has moved."""

    hold_ps: float = Field(
        0.5, ge=0, description="An ion has moved when it stays elsewhere for this [ps]"
    )
    max_distance_A: float | None = Field(
        None,
        gt=0,
        description="Ions further from every site are outside; null: never [Å]",
    )
    metal: str = Field("Zr", description="Metal of a layered halide")
    anion: str = Field("Cl", description="Anion around the sites")


class SitesSettings(TrajectorySettings, SiteOptions):
    """Settings of ``lithophile analyze sites``."""

    sites: str = Field(
        "density",
        description="density, octahedra, tetrahedra, layers, or a structure file whose "
        "ions (or X) mark them",
    )


class ChannelsSettings(SiteOptions):
    """Settings of ``lithophile analyze channels``."""

    trajectories: tuple[Path, ...] = Field(
        (), description="Runs, one for each temperature or several"
    )
    frame_time_ps: float | None = Field(
        None, gt=0, description="Time between frames, for files without times [ps]"
    )
    temperature_K: tuple[float, ...] | None = Field(
        None, description="Temperature of each run; null: as the runs say [K]"
    )
