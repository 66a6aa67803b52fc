"""Settings of molecular dynamics on the command line."""

from pathlib import Path
from typing import Literal, Self

from ase.data import atomic_numbers
from pydantic import Field, model_validator

from lithophile.replica_settings import ReplicaOptions
from lithophile.settings import DissolutionOptions, ModelSettings
from md.dynamics import DynamicsConfig


class DynamicsSettings(ModelSettings, ReplicaOptions, DynamicsConfig):
    """Settings of ``lithophile md``: a structure, a potential and the dynamics."""

    structure: Path = Field(description="Structure to start from")
    start_check: bool = Field(
        default=True,
        description="Compare energy, forces and stress with the plain double-precision "
        "path, and the memory needed with what is free, before the first step",
    )
    dissolution: DissolutionOptions = Field(
        DissolutionOptions(),
        description="What counts as dissolved in the numbers shown on the way",
    )
    mobile: str = Field(
        "Li", description="Element whose diffusivity is shown on the way"
    )
    stop_on_plateau: Literal["dissolved", "energy"] | None = Field(
        None,
        description="End the run when the reaction has come to rest, judged by the "
        "dissolved fraction or by the potential energy; null: make all steps",
    )
    plateau_ps: float = Field(
        20.0, gt=0, description="Time for which it must have stood still [ps]"
    )
    plateau_tolerance: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="Largest change in that time, noise included, as a fraction of "
        "what the reaction has done before",
    )

    @model_validator(mode="after")
    def _elements_exist(self) -> Self:
        rule = self.dissolution
        chosen = {
            "mobile": self.mobile,
            "dissolution.species": rule.species,
            "dissolution.ligand": rule.ligand,
        }
        for name, symbol in chosen.items():
            if symbol not in atomic_numbers:
                raise ValueError(
                    f"{name} must be the symbol of an element; got {symbol!r}"
                )
        return self

    @property
    def dynamics(self) -> DynamicsConfig:
        """What the integrator needs to know."""
        own = {name: getattr(self, name) for name in DynamicsConfig.model_fields}
        return DynamicsConfig(**own)
