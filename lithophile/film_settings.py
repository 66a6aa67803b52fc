"""Settings of ``lithophile analyze film``."""

from typing import Self

from pydantic import Field, model_validator

from lithophile.settings import Settings, TrajectorySettings


class PhaseOptions(Settings):
    """What makes an atom part of a phase."""

    metal: str = Field("Li", description="Element of the electrode")
    cation: str = Field("Zr", description="Element that dissolves")
    anion: str = Field("Cl", description="Element that the film holds")
    cation_anion_A: float = Field(
        3.4, gt=0, description="Cation and anion are neighbours up to this [Å]"
    )
    metal_anion_A: float = Field(
        3.5, gt=0, description="Metal ion and anion are neighbours up to this [Å]"
    )
    metal_metal_A: float = Field(
        4.1, gt=0, description="Metal atoms are neighbours up to this [Å]"
    )

    @model_validator(mode="after")
    def _three_elements(self) -> Self:
        if len({self.metal, self.cation, self.anion}) != 3:  # noqa: PLR2004
            raise ValueError(
                "metal, cation and anion must be three elements; got "
                f"{self.metal}, {self.cation}, {self.anion}"
            )
        return self


class FilmOptions(Settings):
    """How the thickness follows from the atoms."""

    film_volume_A3: float = Field(
        33.75, gt=0, description="Volume of the film per anion; LiCl: 33.75 [Å³]"
    )
    layer_spacing_A: float = Field(
        2.565, gt=0, description="Distance of its atomic layers; LiCl (200): 2.565 [Å]"
    )
    most_frames: int = Field(
        2000, ge=12, description="Most frames used, evenly spread over the trajectory"
    )


class FilmSettings(TrajectorySettings, PhaseOptions, FilmOptions):
    """Settings of ``lithophile analyze film``."""
