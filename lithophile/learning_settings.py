"""Settings of active learning on the command line."""

from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from lithophile.settings import Settings
from md.dynamics import DynamicsConfig
from mlip.training_config import SplitConfig, TrainingConfig
from training_data.labelling_settings import LabellingSettings

OWN_OF_TRAINING = ("dataset", "start_from", "name", "seed", "committee")
"""Keys of a training run that the loop sets itself."""

WITHOUT_TEST = (0.9, 0.1, 0.0)
"""Shares of training, validation and test where training says nothing of a split."""


class HoldOut(Settings):
    """Labels that judge every round and are never learnt."""

    groups: tuple[str, ...] = Field(
        (),
        description="Parents or group_ids of the data set that are taken out of it",
    )
    file: Path | None = Field(
        None, description="File of labels (extxyz) that stand beside the data set"
    )

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if bool(self.groups) == (self.file is not None):
            raise ValueError(
                "must be given as groups or as a file, one of the two; got "
                f"{list(self.groups)!r} and {self.file!r}"
            )
        return self


class DynamicsExploration(Settings):
    """Molecular dynamics that leads the committee to what it does not know."""

    structures: tuple[str, ...] = Field(
        (), description="Structures to start from: files, or names of prototypes"
    )
    repeat: tuple[int, int, int] = Field(
        (1, 1, 1), description="Cells of each structure along its lattice vectors"
    )
    temperatures_K: tuple[float, ...] = Field(
        (), description="Temperatures, a run or more at each; empty: that of dynamics"
    )
    copies: int = Field(
        1, ge=1, description="Runs of each structure and temperature, other seeds"
    )
    dynamics: DynamicsConfig = Field(
        DynamicsConfig(n_steps=2000, every=20),
        description="Steps, time step, ensemble and guards of every run; its seed is "
        "set by the round, and every guard collects",
    )


class RandomExploration(Settings):
    """Random crystals, followed on their way down in energy."""

    formulas: dict[str, tuple[float, float]] = Field(
        description="Content of the cell and its least and largest volume per atom "
        "[Å³], such as {Li4Cl4: [15, 24]}"
    )
    n_structures: int = Field(
        20, ge=1, description="Crystals of each round; the formulas take turns"
    )
    min_distances_A: dict[str, float] = Field(
        {}, description="Least distances of pairs of elements, {Cl-Cl: 2.8} [Å]"
    )
    distance_fraction: float = Field(
        0.8,
        gt=0,
        le=1.5,
        description="Least distance of other pairs over the sum of covalent radii",
    )
    relax_steps: tuple[int, ...] = Field(
        (5, 40),
        min_length=1,
        description="Steps of relaxation after which the structure is a candidate",
    )

    @model_validator(mode="after")
    def _growing(self) -> Self:
        steps = (0, *self.relax_steps)
        if any(b <= a for a, b in pairwise(steps)):
            raise ValueError(
                "relax_steps must be positive and growing; got "
                f"{list(self.relax_steps)!r}"
            )
        if not self.formulas:
            raise ValueError("formulas must hold at least one composition; got none")
        return self


class SelectionOptions(Settings):
    """Which structures are labelled."""

    n_labels: int = Field(30, ge=1, description="Most labels of one round")
    least_eV_per_A: float = Field(
        0.15,
        gt=0,
        description="Disagreement about a force above which a structure is uncertain "
        "[eV/Å]",
    )
    most_eV_per_A: float = Field(
        2.0,
        gt=0,
        description="Disagreement above which a structure is past hope, and a run of "
        "dynamics ends [eV/Å]",
    )
    min_distance: float = Field(
        0.01,
        ge=0,
        lt=2,
        description="Fingerprint distance below which a structure repeats another",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.least_eV_per_A >= self.most_eV_per_A:
            raise ValueError(
                "least_eV_per_A must be below most_eV_per_A; got "
                f"{self.least_eV_per_A!r} and {self.most_eV_per_A!r}"
            )
        return self


class LearnSettings(Settings):
    """Settings of ``lithophile learn``."""

    dataset: tuple[str, ...] = Field(
        min_length=1,
        description="Labels to begin with: shipped names or files, one level of theory",
    )
    hold_out: HoldOut = Field(description="Labels that judge every round, never learnt")
    start_from: tuple[str, ...] = Field(
        (),
        description="Models that the members start from: one each, or one for all; "
        "empty: new networks",
    )
    n_members: int = Field(3, ge=2, description="Members of the committee")
    rounds: int = Field(
        3,
        ge=1,
        description="Rounds of labelling; the models of the last one are judged too",
    )
    training: TrainingConfig = Field(
        TrainingConfig(split=SplitConfig(fractions=WITHOUT_TEST)),
        description="How every member is trained; its data, start, name and seed are "
        "set by the loop",
    )
    retraining: dict[str, Any] = Field(
        {},
        description="Keys of training that are other from the second round on, when "
        "the members start from those of the round before",
    )
    exploration: DynamicsExploration | None = Field(
        None, description="Molecular dynamics; null: none"
    )
    random: RandomExploration | None = Field(
        None, description="Random crystals; null: none"
    )
    selection: SelectionOptions = Field(
        SelectionOptions(), description="What is labelled"
    )
    labelling: str | LabellingSettings = Field(
        "li-zr-cl-gpaw",
        description="Code and level of theory of the labels: a shipped level, a YAML "
        "file of `lithophile label --settings`, or its keys",
    )
    dtype: str = Field(
        "float32",
        pattern="^float(32|64)$",
        description="Precision of the committee while it explores",
    )
    seed: int = Field(0, ge=0, description="Seed of training and exploration")

    @field_validator("training", mode="before")
    @classmethod
    def _no_test_set(cls, value: object) -> object:
        if isinstance(value, dict) and "split" not in value:
            return {**value, "split": {"fractions": WITHOUT_TEST}}
        return value

    @model_validator(mode="after")
    def _something_to_explore(self) -> Self:
        if self.random is None and not (
            self.exploration and self.exploration.structures
        ):
            raise ValueError(
                "exploration.structures or random must be given; got neither. There "
                "would be nothing to label"
            )
        if len(self.start_from) not in (0, 1, self.n_members):
            raise ValueError(
                f"start_from must name no model, one, or {self.n_members} "
                f"(n_members); got {len(self.start_from)}"
            )
        return self

    @model_validator(mode="after")
    def _training_leaves_its_own_keys(self) -> Self:
        fresh = TrainingConfig()
        taken = [
            f"training.{key}"
            for key in OWN_OF_TRAINING
            if getattr(self.training, key) != getattr(fresh, key)
        ]
        taken += [
            f"retraining.{key}" for key in OWN_OF_TRAINING if key in self.retraining
        ]
        if taken:
            raise ValueError(
                f"{taken[0]} must be left to the loop; got a value. Give dataset, "
                "start_from, seed and n_members beside training, not in it"
            )
        given = fresh.architecture != self.training.architecture
        if "architecture" in self.retraining or (self.start_from and given):
            raise ValueError(
                "architecture must be left out where members start from earlier "
                "models, whose network is kept; got one"
            )
        unknown = sorted(set(self.retraining) - set(TrainingConfig.model_fields))
        if unknown:
            raise ValueError(f"retraining must have keys of training; got {unknown!r}")
        if self.training.split.held_out or self.training.split.fractions[2] > 0:
            raise ValueError(
                "training.split must hold nothing out for a test, which hold_out "
                f"does; got fractions {list(self.training.split.fractions)} and "
                f"held_out {list(self.training.split.held_out)}. Write fractions "
                "[0.9, 0.1, 0]"
            )
        return self
