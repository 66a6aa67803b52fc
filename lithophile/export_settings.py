"""Settings of ``lithophile export``."""

from pathlib import Path

from pydantic import Field

from lithophile.settings import TrajectorySettings


class ExportSettings(TrajectorySettings):
    """Which frames are written, and where."""

    out: Path | None = Field(
        None, description="File to write; null: beside the trajectory"
    )
    start_ps: float | None = Field(None, description="First time written [ps]")
    stop_ps: float | None = Field(None, description="Last time written [ps]")
    stride: int = Field(1, ge=1, description="Every how many frames one is written")


class WrappableSettings(ExportSettings):
    """Settings of ``lithophile export extxyz`` and ``lithophile export xdatcar``."""

    wrap: bool = Field(
        default=False,
        description="Fold positions into the cell along its periodic vectors",
    )


class DumpSettings(WrappableSettings):
    """Settings of ``lithophile export dump``."""

    unit_lines: bool = Field(
        default=False,
        description="State unit and time of each frame; MDAnalysis cannot read them",
    )


class PackedSettings(ExportSettings):
    """Settings of ``lithophile export h5md``."""

    resolution_A: float | None = Field(
        None,
        gt=0,
        description="Grid to which positions are rounded, or finer; null keeps every "
        "bit [Å]",
    )
