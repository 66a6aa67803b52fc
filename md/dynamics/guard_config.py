"""Limits of a run, and what is done when one is crossed."""

from typing import Literal

from ase.data import atomic_numbers
from pydantic import BaseModel, ConfigDict, Field, field_validator

_SPEC = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

Policy = Literal["stop", "roll_back", "collect"]
GuardKind = Literal[
    "impossible_displacement",
    "impossible_distance",
    "not_finite",
    "runaway_temperature",
    "runaway_volume",
    "escaped_atom",
    "energy_drift",
    "committee_disagreement",
]


class GuardConfig(BaseModel):
    """Limits that no sound trajectory crosses, and what is done at a crossing.

    Short of a roll back they do not influence the motion, so they may be changed when
    a run is resumed. ``docs/guards.md`` says how each default was chosen.

    Examples
    --------
    >>> limits = GuardConfig(policies={"committee_disagreement": "collect"})
    >>> limits.policy_of("committee_disagreement"), limits.policy_of("not_finite")
    ('collect', 'stop')

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
    max_volume_ratio: float | None = Field(
        default=1.5,
        gt=1,
        description="Largest factor by which a barostat may change the volume, up or "
        "down, since the start; null turns the guard off.",
    )

    max_force_spread_eV_per_A: float | None = Field(
        default=1.0,
        gt=0,
        description="Largest spread of the force on an atom between the members of a "
        "committee (eV/Å); without a committee, or with null, the guard is off.",
    )
    committee_every: int = Field(
        default=10,
        ge=1,
        description="Steps between two looks at the committee, which is asked at "
        "every saved frame as well.",
    )
    policy: Policy = Field(
        default="stop",
        description="What is done when a guard trips. stop; roll_back: return to the "
        "latest state (checkpoint_every) and pass the place with half the time step; "
        "collect: keep the structure for labelling in collected.extxyz and, where a "
        "committee disagrees, go on.",
    )
    policies: dict[GuardKind, Policy] = Field(
        default_factory=dict,
        description="Policy of single guards, such as {committee_disagreement: "
        "collect}; takes the place of policy for them.",
    )
    max_roll_backs: int = Field(
        default=5,
        ge=1,
        description="Roll backs in the whole run; at the next trip it stops.",
    )
    short_steps: int = Field(
        default=500,
        ge=1,
        description="Steps beyond the place of a trip that are made with the shorter "
        "time step; one that trips there halves it again.",
    )
    max_collected: int = Field(
        default=20, ge=1, description="Structures that collect keeps at most."
    )
    collect_spacing: int = Field(
        default=100,
        ge=1,
        description="Steps after a collected structure before the committee may trip "
        "again; structures closer in time teach little that is new.",
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

    def policy_of(self, kind: str) -> Policy:
        """Return what is done when the guard of this kind trips."""
        for guard, policy in self.policies.items():
            if guard == kind:
                return policy
        return self.policy
