"""Settings of a molecular-dynamics run: what is integrated, and when it is stopped."""

import math
from typing import Literal, Self

from ase.data import atomic_numbers
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_SPEC = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class GuardConfig(BaseModel):
    """Limits that no sound trajectory crosses; the run stops at the first crossing.

    They do not influence the motion, so they may be changed when a run is resumed.
    ``docs/guards.md`` says how each default was chosen.
    """

    model_config = _SPEC

    min_distance_fraction: float = Field(
        default=0.5,
        ge=0,
        lt=1,
        description="Least distance of two atoms, as a fraction of the sum of their "
        "covalent radii (0 turns the guard off).",
    )
    min_distances_A: dict[str, float] = Field(
        default_factory=dict,
        description="Least distance in Å of single pairs of elements, such as "
        "{Li-Cl: 1.5}; takes the place of min_distance_fraction for them.",
    )
    temperature_factor: float = Field(
        default=3.0,
        ge=1,
        description="The temperature has run away beyond "
        "temperature_factor × temperature_K + temperature_margin_K.",
    )
    temperature_margin_K: float = Field(
        default=1000.0,
        ge=0,
        description="See temperature_factor; room for the heat of a reaction (K).",
    )
    temperature_steps: int = Field(
        default=20,
        ge=1,
        description="Consecutive steps above the limit before the run stops; ten "
        "times the limit stops it at once.",
    )
    max_displacement_A: float = Field(
        default=0.5,
        gt=0,
        description="Largest distance in Å that an atom may travel in one step.",
    )
    escape_distance_A: float | None = Field(
        default=8.0,
        gt=0,
        description="An atom with no neighbour within this distance (Å) has escaped, "
        "unless it had none at the start; null turns the guard off.",
    )
    energy_drift_meV_per_atom: float | None = Field(
        default=10.0,
        gt=0,
        description="Largest change of the total energy since the start (meV/atom) "
        "in the nve ensemble; null turns the guard off.",
    )

    @field_validator("min_distances_A")
    @classmethod
    def _pairs_of_elements(cls, value: dict[str, float]) -> dict[str, float]:
        for pair, distance in value.items():
            symbols = pair.split("-")
            if len(symbols) != 2 or any(s not in atomic_numbers for s in symbols):  # noqa: PLR2004
                msg = f"keys must be pairs such as 'Li-Cl'; got {pair!r}."
                raise ValueError(msg)
            if not distance >= 0:
                msg = f"{pair} must be zero or positive (Å); got {distance!r}."
                raise ValueError(msg)
        return value


class DynamicsConfig(BaseModel):
    """Everything that fixes a trajectory, given a structure and a potential.

    Examples
    --------
    >>> DynamicsConfig(temperature_K=400, n_steps=2000).ensemble
    'langevin'

    """

    model_config = _SPEC

    ensemble: Literal["langevin", "nve"] = Field(
        default="langevin",
        description="langevin: constant temperature; nve: constant energy.",
    )
    temperature_K: float = Field(
        default=300.0, ge=0, description="Temperature of the thermostat (K)."
    )
    timestep_fs: float = Field(
        default=1.0,
        gt=0,
        le=20,
        description="Time step (fs). Refused beyond 3 fs × sqrt(m / 6.94 amu), m "
        "being the lightest moving atom's mass: 3 fs with Li, 1.1 fs with H.",
    )
    n_steps: int = Field(
        default=10_000,
        ge=1,
        description="Steps in TOTAL, those before a restart included.",
    )
    every: int = Field(
        default=100, ge=1, description="Steps between saved frames and log rows."
    )
    friction_per_ps: float = Field(
        default=2.0,
        gt=0,
        description="Friction of the Langevin thermostat (1/ps): velocities forget "
        "their past in 1/friction. Small values disturb diffusion less, large ones "
        "carry the heat of a reaction away faster.",
    )
    seed: int = Field(
        default=0, ge=0, description="Seed of velocities and thermostat noise."
    )
    velocities: Literal["maxwell", "given"] = Field(
        default="maxwell",
        description="maxwell: drawn at initial_temperature_K; given: those that the "
        "structure carries.",
    )
    initial_temperature_K: float | None = Field(
        default=None,
        ge=0,
        description="Temperature of the drawn velocities (K); null: temperature_K in "
        "langevin, twice that in nve, where a relaxed structure turns half of the "
        "kinetic energy into potential energy.",
    )
    zero_momentum: bool = Field(
        default=True,
        description="The centre of mass stays at rest (no effect when atoms are "
        "fixed: they hold the frame of reference).",
    )
    checkpoint_every: int = Field(
        default=100,
        ge=1,
        description="Steps between states that a run can resume from. The neighbour "
        "list is rebuilt there, so that a resumed run repeats the very same numbers.",
    )
    checkpoint_interval_s: float = Field(
        default=5.0,
        ge=0,
        description="Least wall time between two checkpoints on disk (s); when a "
        "signal arrives the latest one is written in any case.",
    )
    guards: GuardConfig = Field(
        default_factory=GuardConfig, description="When to stop the run."
    )

    @model_validator(mode="after")
    def _drawn_or_given(self) -> Self:
        if self.velocities == "given" and self.initial_temperature_K is not None:
            msg = (
                "initial_temperature_K must be null when velocities are given; got "
                f"{self.initial_temperature_K!r}. Leave one of the two out."
            )
            raise ValueError(msg)
        return self

    @property
    def starting_temperature_K(self) -> float:  # noqa: N802
        """Temperature at which velocities are drawn (K)."""
        if self.initial_temperature_K is not None:
            return self.initial_temperature_K
        return self.temperature_K * (2.0 if self.ensemble == "nve" else 1.0)


def largest_timestep_fs(mass_amu: float) -> float:
    """Longest time step (fs) allowed for an atom of this mass.

    A Verlet step resolves a vibration of frequency ω when ω·dt is well below 2. With
    equal force constants ω falls as the square root of the mass, so the rule of thumb
    for lithium (3 fs) scales to the others.

    Examples
    --------
    >>> round(largest_timestep_fs(6.94), 6)
    3.0

    """
    return 3.0 * math.sqrt(mass_amu / 6.94)
