"""Settings of ``lithophile build doped``."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from lithophile.settings import Settings

CUBIC_GARNET = "LLZO-cubic"


class DopedSettings(Settings):
    """Settings of ``lithophile build doped``."""

    host: str = Field(
        CUBIC_GARNET,
        description="LLZO-cubic, a prototype, or a structure file, also with partial "
        "occupancies",
    )
    dopant: str | None = Field(None, description="Ion that is put in, such as Al3+")
    site: str | None = Field(
        None, description="Element that it replaces (Zr) or name of its sites (Li24d)"
    )
    every: bool = Field(
        default=False,
        description="All dopants, sites and charges of the LLZO screening, instead of "
        "one dopant",
    )
    content: float | None = Field(
        None,
        gt=0,
        description="Dopants per formula unit of the host; null: 0.25, unless "
        "n_dopants is given",
    )
    n_dopants: int | None = Field(
        None, ge=1, description="Dopants in the cell, instead of content"
    )
    placement: Literal["apart", "clustered", "random"] = Field(
        "apart", description="How the dopants lie to each other"
    )
    n_candidates: int = Field(4, ge=1, description="Placements that are built of each")
    compensating: str = Field(
        "Li", description="Element that leaves or comes in to keep the cell neutral"
    )
    compensation: dict[str, int] = Field(
        default_factory=dict,
        description="Exact changes of several elements in the cell instead, which must "
        "make it neutral, such as {Li: -2, O: -1}",
    )
    counts: dict[str, int] = Field(
        default_factory=dict,
        description="Atoms of each element in the host cell, where its occupancies do "
        "not give whole numbers",
    )
    oxidation_states: dict[str, int] = Field(
        default_factory=dict,
        description="Charges of host elements whose charge is not obvious",
    )
    min_distance_A: float = Field(
        2.0, ge=0, description="Mobile ions and dopants stay this far apart [Å]"
    )
    n_runs: int = Field(8, ge=1, description="Annealing runs of each placement")
    n_sweeps: int = Field(400, ge=1, description="Moves per mobile ion of each run")
    seed: int = Field(0, ge=0, description="Seed of the random numbers")
    model: str | None = Field(
        None,
        description="Potential that ranks the cells; null: point charges alone",
    )
    defect_energy: bool = Field(
        default=False,
        description="Defect energy of all cells of each dopant with the model",
    )
    references: tuple[Path, ...] | None = Field(
        None,
        description="Structure files of phases that hold a dopant, for the defect "
        "energy; null: built-in oxides",
    )
    max_steps: int = Field(
        500,
        ge=0,
        description="Most steps of relaxing cells for the defect energy; what is not "
        "at rest then gets no verdict",
    )
    fmax_eV_per_A: float = Field(
        0.05, gt=0, description="Largest force left in that relaxation [eV/Å]"
    )
    cutoff_eV: float = Field(
        2.0, description="Largest defect energy per dopant that passes [eV]"
    )

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if self.every == (self.dopant is not None):
            raise ValueError(
                "dopant or every must be given, one of the two; got "
                f"dopant={self.dopant!r}, every={self.every}. Write for example "
                "--dopant Al3+ --site Li, or --all"
            )
        if self.dopant is not None and self.site is None:
            raise ValueError(
                f"site must be given with dopant {self.dopant!r}; got none. Name the "
                "element that is replaced"
            )
        if self.content is not None and self.n_dopants is not None:
            raise ValueError(
                f"content and n_dopants must not both be given; got {self.content:g} "
                f"and {self.n_dopants}. Leave one out"
            )
        if self.compensation and self.every:
            raise ValueError(
                f"compensation must come with one dopant; got {self.compensation} for "
                "all. Name one element (compensating), whose number follows"
            )
        if self.compensation and "compensating" in self.model_fields_set:
            raise ValueError(
                "compensating and compensation must not both be given; got "
                f"{self.compensating!r} and {self.compensation}. Leave one out"
            )
        if self.defect_energy and self.model is None:
            raise ValueError(
                "model must be given for a defect energy; got none. Write for example "
                "--model chgnet"
            )
        return self
