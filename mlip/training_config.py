"""What a training run needs to know, checked before anything is touched."""

from pathlib import Path
from typing import Literal, Self

from ase.data import atomic_numbers
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_STRICT = ConfigDict(extra="forbid", frozen=True)


class ArchitectureConfig(BaseModel):
    """Shape of a MACE network; the defaults run on two processor cores."""

    model_config = _STRICT

    channels: int = Field(default=32, ge=1, description="Feature channels per irrep.")
    max_L: int = Field(
        default=1, ge=0, le=3, description="Highest degree of a message."
    )
    max_ell: int = Field(
        default=3, ge=0, le=6, description="Highest spherical harmonic."
    )
    correlation: int = Field(default=2, ge=1, le=4, description="Body order minus one.")
    n_interactions: int = Field(
        default=2, ge=1, le=4, description="Message-passing layers."
    )
    r_max_A: float = Field(
        default=5.5, gt=1.0, le=12.0, description="Cutoff radius, Å."
    )
    n_radial: int = Field(
        default=8, ge=2, description="Bessel functions of the distance."
    )
    cutoff_order: int = Field(
        default=5, ge=2, description="Order p of the cutoff polynomial."
    )
    radial_layers: tuple[int, ...] = Field(
        default=(64, 64, 64), description="Widths of the radial network."
    )
    readout_channels: int = Field(
        default=16, ge=1, description="Width of the last readout."
    )
    pair_repulsion: bool = Field(
        default=True,
        description="Add the Ziegler-Biersack-Littmark repulsion at short distance.",
    )


class SplitConfig(BaseModel):
    """Which groups of frames teach, which choose the epoch, which only judge."""

    model_config = _STRICT

    fractions: tuple[float, float, float] = Field(
        default=(0.8, 0.1, 0.1),
        description="Shares of groups for training, validation and test; sum 1.",
    )
    key: Literal["parent", "group_id"] = Field(
        default="parent", description="Label that is never divided between two sets."
    )
    held_out: tuple[str, ...] = Field(
        default=(),
        description="Parents or group_ids that go to the test set whatever "
        "the fractions say.",
    )
    salt: str = Field(
        default="", description="Changes the assignment; same salt, same split."
    )

    @field_validator("fractions")
    @classmethod
    def _sums_to_one(
        cls, value: tuple[float, float, float]
    ) -> tuple[float, float, float]:
        if min(value) < 0 or abs(sum(value) - 1) > 1e-9:  # noqa: PLR2004
            raise ValueError(
                f"must be three shares >= 0 that sum to 1; got {value}. "
                "Give e.g. [0.8, 0.1, 0.1]."
            )
        if value[0] == 0:
            raise ValueError(
                f"must leave something to train on; got {value}. "
                "Give e.g. [0.8, 0.1, 0.1]."
            )
        return value


class LossWeights(BaseModel):
    """Weights of the three errors in the loss (see docs/training.md)."""

    model_config = _STRICT

    energy: float = Field(
        ..., ge=0, description="Weight of energy/atom errors, (eV/atom)^-2."
    )
    forces: float = Field(..., ge=0, description="Weight of force errors, (eV/Å)^-2.")
    stress: float = Field(
        ..., ge=0, description="Weight of stress errors, (eV/Å^3)^-2."
    )

    @model_validator(mode="after")
    def _not_all_zero(self) -> Self:
        if self.energy + self.forces + self.stress == 0:
            raise ValueError(
                "must weigh something; got all 0. Give energy, forces or stress > 0."
            )
        return self


class SecondStage(BaseModel):
    """The last part of a run, where energies weigh more than before."""

    model_config = _STRICT

    start_fraction: float = Field(
        default=0.7, gt=0, lt=1, description="Share of the run after which it begins."
    )
    weights: LossWeights = Field(
        default=LossWeights(energy=200.0, forces=10.0, stress=1000.0),
        description="Loss weights from there on.",
    )


class TrainingConfig(BaseModel):
    """One training run, complete: data, level, split, network, loss, optimiser.

    Every key that is not listed here is an error.  Lengths are Å, energies eV.

    Examples
    --------
    >>> TrainingConfig(epochs=10).architecture.r_max_A
    5.5

    """

    model_config = _STRICT

    dataset: tuple[str, ...] = Field(
        default=("li-zr-cl-pbe",),
        description="Files (extxyz) or names of shipped data sets, one level each.",
    )
    level: str = Field(
        default="PBE-D3(BJ)",
        description="Level of theory of the labels that are learnt.",
    )
    dispersion: Literal["learnt", "runtime"] | None = Field(
        default=None,
        description="Where the D3(BJ) part of the level comes from: learnt by the "
        "network, or added whenever the model is used (the network then learns the "
        "bare functional); null: as in the model of start_from, else learnt.",
    )
    split: SplitConfig = Field(
        default=SplitConfig(), description="How frames are divided."
    )
    name: str = Field(
        default="model", min_length=1, description="Name on the model card."
    )
    description: str = Field(
        default="", description="One paragraph for the model card."
    )

    architecture: ArchitectureConfig = Field(
        default=ArchitectureConfig(),
        description="Network; taken from the earlier model when start_from is given.",
    )
    start_from: Path | None = Field(
        default=None,
        description="Weights file or run folder of an earlier model to start from.",
    )
    reference_energies: Literal["least_squares"] | dict[str, float] = Field(
        default="least_squares",
        description="Energy of each element that the network adds to, eV/atom: "
        "fitted to the training set, or given as {symbol: energy}.",
    )

    foundation: str | None = Field(
        default=None,
        description="Foundation model to go on from: mace-mp:small, mace-mp:medium, "
        "mace-mp:large, or a checkpoint of mace-torch (with trust_model).",
    )
    trust_model: bool = Field(
        default=False,
        description="Open the checkpoint that foundation names, which can execute any "
        "code.",
    )
    old_data: tuple[str, ...] | None = Field(
        default=None,
        description="Data on which the forgetting of start_from is judged; null for "
        "those of its card, as far as they are there.",
    )
    new_elements: dict[str, str] = Field(
        default={},
        description="Elements that start_from lacks, with the one whose weights each "
        "begins with, e.g. {Hf: Zr}; the chemically nearest where not named.",
    )

    epochs: int = Field(default=200, ge=1, description="Passes over the training set.")
    max_minutes: float | None = Field(
        default=None,
        gt=0,
        description="Wall-clock limit, minutes; the schedule is fitted into it.",
    )
    patience_epochs: int | None = Field(
        default=None,
        ge=1,
        description="End a stage after so many epochs without a lower validation "
        "loss; null for never. Counts anew in the second stage.",
    )
    committee: int = Field(
        default=1,
        ge=1,
        le=16,
        description="Members with seeds seed, seed + 1, …: a committee tells how far "
        "it can be believed. Limits on time and epochs are those of one member.",
    )
    batch_size: int = Field(default=8, ge=1, description="Frames per optimiser step.")
    learning_rate: float = Field(
        default=0.01, gt=0, description="Learning rate at the start (Adam, AMSGrad)."
    )
    final_learning_rate: float = Field(
        default=1e-4, gt=0, description="Learning rate at the end (cosine schedule)."
    )
    warmup_fraction: float = Field(
        default=0.02,
        ge=0,
        lt=1,
        description="Share of the run over which the rate rises.",
    )
    schedule: Literal["cosine", "plateau"] = Field(
        default="cosine",
        description="cosine: falls over the planned run; plateau: multiplied by 0.8 "
        "after 20 epochs without improvement.",
    )
    weight_decay: float = Field(
        default=5e-7, ge=0, description="L2 penalty on the weights."
    )
    ema_decay: float = Field(
        default=0.99, ge=0, lt=1, description="Decay per step of the averaged weights."
    )
    clip_gradient: float = Field(
        default=10.0, gt=0, description="Largest gradient norm."
    )
    loss: Literal["huber", "squares"] = Field(
        default="huber",
        description="huber: squares up to 0.01 eV/atom, eV/Å, eV/Å^3 and linear "
        "beyond (mace's universal loss); squares: squares everywhere.",
    )
    weights: LossWeights = Field(
        default=LossWeights(energy=20.0, forces=10.0, stress=1000.0),
        description="Loss weights.",
    )
    config_type_weights: dict[str, float] = Field(
        default={},
        description="Factor on the errors of a kind of system; 1 where missing.",
    )
    second_stage: SecondStage | None = Field(
        default=SecondStage(), description="Heavier energies at the end; null for none."
    )

    dtype: Literal["float32", "float64"] = Field(
        default="float32", description="Precision of the arithmetic while training."
    )
    device: str = Field(default="cpu", description="cpu or cuda.")
    num_threads: int | None = Field(
        default=None,
        ge=1,
        description="Threads of the linear algebra; null leaves them.",
    )
    seed: int = Field(
        default=0, ge=0, description="Seed of initial weights and shuffling."
    )

    @field_validator("dataset", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str | Path) else value

    @field_validator("dataset")
    @classmethod
    def _some_data(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError(
                "must name at least one data set; got none. Give a file or a name."
            )
        return value

    @field_validator("reference_energies")
    @classmethod
    def _known_symbols(cls, value: object) -> object:
        if isinstance(value, dict):
            unknown = sorted(set(value) - set(atomic_numbers))
            if unknown:
                raise ValueError(
                    f"must have chemical symbols as keys; got {unknown}. "
                    "Give e.g. {Li: -1.9, Cl: -1.8}."
                )
        return value

    @model_validator(mode="after")
    def _new_to_an_earlier_model(self) -> Self:
        earlier = self.start_from is not None or self.foundation is not None
        if self.new_elements and not earlier:
            raise ValueError(
                "new_elements must be left out without start_from; got "
                f"{self.new_elements!r}. A new network learns every element."
            )
        if self.start_from is not None and self.foundation is not None:
            raise ValueError(
                "foundation must be left out when start_from is given; got both, "
                f"{self.foundation!r} and '{self.start_from}'. Choose one."
            )
        return self

    @model_validator(mode="after")
    def _one_architecture(self) -> Self:
        earlier = self.start_from is not None or self.foundation is not None
        if earlier and "architecture" in self.model_fields_set:
            default = ArchitectureConfig()
            if self.architecture != default:
                raise ValueError(
                    "architecture must be left out with start_from or foundation; got "
                    f"{self.architecture!r}. The earlier model's network is kept."
                )
        if self.final_learning_rate > self.learning_rate:
            raise ValueError(
                "final_learning_rate must be at most learning_rate; got "
                f"{self.final_learning_rate} > {self.learning_rate}. Lower it."
            )
        return self
