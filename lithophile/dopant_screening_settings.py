"""Settings of the dopant screening."""

from typing import Self

from pydantic import Field, model_validator

from lithophile.settings import Settings

SHIPPED_MODEL = "chgnet"
SHIPPED_CONTENT = 0.25
"""Dopants per formula unit of the relaxed cells that come with the package."""
FEWEST = 40
"""Dopants below which no model is worth its folds."""


class DopantScreeningSettings(Settings):
    """Settings of ``lithophile screen dopants``."""

    dopants: tuple[str, ...] = Field(
        (),
        description="Ions with their sites, such as Al3+-Li; none: all 117 of the list",
    )
    content: float = Field(
        SHIPPED_CONTENT, gt=0, description="Dopants per formula unit"
    )
    stable_within_eV_per_formula_unit: float = Field(
        0.1,
        ge=0,
        description="How far below undoped LLZO a stable compound may lie [eV per "
        "formula unit]",
    )
    gap_threshold_eV: float = Field(
        2.0, ge=0, description="Band gap above which a product insulates [eV]"
    )
    relax: bool = Field(
        default=False,
        description="Build and relax the doped cells with the model, instead of taking "
        "the relaxed cells that come with the package",
    )
    model: str = Field(SHIPPED_MODEL, description="Potential that relaxes the cells")
    fmax_eV_per_A: float = Field(
        0.05, gt=0, description="Largest force left in a cell [eV/Å]"
    )
    max_steps: int = Field(60, ge=1, description="Most steps of one cell")
    bond_valence: bool = Field(
        default=False,
        description="Barriers of lithium in every relaxed cell, from bond valence",
    )
    resolution_A: float = Field(
        0.3, gt=0, le=1, description="Spacing of the grid for these barriers [Å]"
    )
    no_models: bool = Field(
        default=False,
        description="Leave out training and validating the models of class and energy",
    )
    anchored_models: bool = Field(
        default=False,
        description="Train them on energies of relaxed cells instead of the hull's",
    )
    seed: int = Field(0, ge=0, description="Seed of the random numbers")

    @model_validator(mode="after")
    def _one_potential_for_all(self) -> Self:
        if self.model != SHIPPED_MODEL and not self.relax:
            raise ValueError(
                f"model must come with relax, since the cells of the package are "
                f"{SHIPPED_MODEL}'s; got {self.model!r} without. Add --relax, or leave "
                "the model out"
            )
        return self

    @model_validator(mode="after")
    def _barriers_have_cells(self) -> Self:
        if self.bond_valence and not self.relax and self.content != SHIPPED_CONTENT:
            raise ValueError(
                f"content must be {SHIPPED_CONTENT} for barriers in the cells of the "
                f"package; got {self.content!r}, at which there are none. Add --relax, "
                "or leave bond_valence out"
            )
        return self

    @model_validator(mode="after")
    def _each_dopant_once(self) -> Self:
        twice = sorted({d for d in self.dopants if self.dopants.count(d) > 1})
        if twice:
            raise ValueError(
                f"dopants must be named once each; got {', '.join(twice)} more than "
                "once. Leave one of each out"
            )
        return self

    @model_validator(mode="after")
    def _cells_can_be_built(self) -> Self:
        if self.relax:
            from screening.doped_cells import formula_units_of  # noqa: PLC0415 (ase)

            formula_units_of(self.content)
        return self
