"""Settings of many replicas on the command line."""

from typing import Literal

from pydantic import Field

from lithophile.settings import Settings


class ReplicaOptions(Settings):
    """How many runs are made of one structure, side by side."""

    replicas: int = Field(
        1,
        ge=1,
        description="Runs at each temperature, each with a seed of its own: seed, "
        "seed + 1, ...",
    )
    temperatures_K: tuple[float, ...] = Field(
        (),
        description="Temperatures, one or more replicas at each; empty: temperature_K "
        "(K)",
    )
    seeds: tuple[int, ...] = Field(
        (), description="Seeds, each used at every temperature; in place of replicas"
    )
    batch: Literal["auto", "together", "each"] = Field(
        "auto",
        description="Replicas are evaluated together in one call of the potential "
        "(equal to a run alone within round-off) or each by itself (bit for bit); "
        "auto: together on a GPU",
    )

    @property
    def has_replicas(self) -> bool:
        """Whether there are several runs, in folders of their own."""
        return self.replicas > 1 or bool(self.temperatures_K) or bool(self.seeds)
