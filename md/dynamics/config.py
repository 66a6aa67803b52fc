"""Settings of a molecular-dynamics run: what is integrated, and when it is stopped."""

import math
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from md.dynamics.guard_config import GuardConfig
from md.dynamics.schedule import Segment, TemperatureSchedule

_SPEC = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DynamicsConfig(BaseModel):
    """Everything that fixes a trajectory, given a structure and a potential.

    Examples
    --------
    >>> DynamicsConfig(temperature_K=400, n_steps=2000).ensemble
    'langevin'

    """

    model_config = _SPEC

    ensemble: Literal[
        "langevin", "nve", "bussi", "nose_hoover", "npt", "npt_normal"
    ] = Field(
        default="langevin",
        description="nve: constant energy. Constant temperature by langevin (each atom "
        "has its heat bath), bussi (stochastic velocity rescaling) or nose_hoover (a "
        "chain of three). bussi with a barostat: npt scales the whole cell, npt_normal "
        "its height above the a, b plane alone, for interfaces.",
    )
    temperature_K: float = Field(
        default=300.0,
        ge=0,
        description="Temperature of the thermostat (K); with a schedule, at step 0.",
    )
    schedule: tuple[Segment, ...] = Field(
        default=(),
        description="Temperature of the thermostat against time: segments heat, hold "
        "and quench, which together last n_steps; a last hold without a length takes "
        "what is left. Empty: temperature_K throughout.",
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
    save: tuple[Literal["velocities", "forces"], ...] = Field(
        default=(),
        description="What saved frames hold beside the positions, such as "
        "[velocities, forces]; each is as large as the positions.",
    )
    friction_per_ps: float = Field(
        default=2.0,
        gt=0,
        description="Friction of the Langevin thermostat (1/ps): velocities forget "
        "their past in 1/friction. Small values disturb diffusion less, large ones "
        "carry the heat of a reaction away faster.",
    )
    thermostat_time_ps: float = Field(
        default=0.1,
        gt=0,
        description="Relaxation time of bussi and npt, period over 2π of nose_hoover "
        "(ps).",
    )
    pressure_GPa: float = Field(
        default=0.0,
        description="Pressure of npt, stress on the interface plane in npt_normal "
        "(GPa); positive compresses.",
    )
    barostat_time_ps: float = Field(
        default=1.0, gt=0, description="Relaxation time of the volume (ps)."
    )
    compressibility_per_GPa: float = Field(
        default=0.05,
        gt=0,
        description="Rough compressibility of the material (1/GPa), 0.08 for Li and "
        "0.01 for LLZO; it has a bearing on how fast the volume moves, not on where "
        "it goes.",
    )
    barostat_every: int = Field(
        default=10,
        ge=1,
        description="Steps between two acts of the barostat; the stress is computed "
        "for these only.",
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

    @model_validator(mode="after")
    def _feasible_schedule(self) -> Self:
        lowest_K = self.temperatures.lowest_K
        if self.ensemble == "nve" and self.schedule:
            msg = (
                "schedule must be empty in nve, which has no thermostat; got "
                f"{len(self.schedule)} segments. Use langevin or bussi."
            )
            raise ValueError(msg)
        if self.ensemble == "nose_hoover" and lowest_K == 0:
            msg = (
                "temperature_K and schedule must stay above 0 K with nose_hoover, "
                "whose masses follow it; got 0. Use langevin to cool to 0 K."
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _resolved_bath(self) -> Self:
        if self.scales_velocities and self.starting_temperature_K == 0:
            msg = (
                f"initial_temperature_K must be positive with {self.ensemble}, which "
                "scales velocities; got 0. Set it, or use langevin."
            )
            raise ValueError(msg)
        shortest_ps = 0.01 * self.timestep_fs
        if self.ensemble == "nose_hoover" and self.thermostat_time_ps < shortest_ps:
            msg = (
                f"thermostat_time_ps must be at least {shortest_ps:g}, ten steps, "
                f"with nose_hoover; got {self.thermostat_time_ps!r}. Its bath "
                "oscillates; 0.1 is usual."
            )
            raise ValueError(msg)
        longest_fs = 50.0 * self.barostat_time_ps
        if self.has_barostat and self.barostat_every * self.timestep_fs > longest_fs:
            msg = (
                f"barostat_every must be at most {longest_fs / self.timestep_fs:g} "
                "steps, a twentieth of barostat_time_ps; got "
                f"{self.barostat_every!r}. Shorten it, or lengthen that time."
            )
            raise ValueError(msg)
        if self.has_barostat and not self.zero_momentum:
            msg = (
                f"zero_momentum must be true in {self.ensemble}; got False. The "
                "pressure of a drifting cell is not defined."
            )
            raise ValueError(msg)
        return self

    @property
    def temperatures(self) -> TemperatureSchedule:
        """Temperature of the thermostat at every step."""
        return TemperatureSchedule(
            self.temperature_K,
            self.schedule,
            timestep_fs=self.timestep_fs,
            n_steps=self.n_steps,
        )

    @property
    def has_barostat(self) -> bool:
        """Whether the cell moves."""
        return self.ensemble in ("npt", "npt_normal")

    @property
    def scales_velocities(self) -> bool:
        """Whether the thermostat scales all velocities alike, and so needs some."""
        return self.has_barostat or self.ensemble in ("bussi", "nose_hoover")

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
