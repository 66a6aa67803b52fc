"""Settings of ``lithophile data``: doctor, coverage and fetch."""

from pathlib import Path

from pydantic import Field

from lithophile.settings import Settings


class DoctorSettings(Settings):
    """Settings of ``lithophile data doctor``."""

    files: tuple[str, ...] = Field(
        (),
        description="Shipped data set by name, or labelled files; several are the "
        "parts of a split",
    )
    max_atoms: int = Field(
        4_000_000,
        ge=1,
        description="Positions and forces are kept for so many atoms; frames after "
        "that are not compared with others",
    )


class CoverageSettings(Settings):
    """Settings of ``lithophile data coverage``."""

    dataset: str | None = Field(
        None, description="Shipped data set by name, labelled file, or trajectory"
    )
    structures: tuple[Path, ...] = Field(
        (), description="Structure files whose distance from the data set is asked for"
    )
    degree: int = Field(
        6, ge=0, le=12, description="Degree of the Steinhardt order parameter"
    )
    every: int = Field(1, ge=1, description="Only every so many frames")


class FetchSettings(Settings):
    """Settings of ``lithophile data fetch``."""

    name: str | None = Field(None, description="Name of the data set in the catalogue")
    folder: Path | None = Field(
        None,
        description="Folder with local copies; null: the one that LITHOPHILE_DATA_DIR "
        "names, or a download",
    )
    catalogue: Path | None = Field(None, description="JSON file with further data sets")
