"""Settings of the whole line: one key per stage, null to leave a stage out."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from lithophile.build_settings import InterfaceSettings
from lithophile.settings import (
    DissolutionOptions,
    ModelSettings,
    MsdOptions,
    RelaxationSettings,
    Settings,
)
from md.dynamics import DynamicsConfig
from mlip.training_config import TrainingConfig


class EvaluateOptions(Settings):
    """Which labels the potential is compared with before it is used."""

    dataset: str = Field(
        "li-zr-cl-pbe", description="Name of a shipped data set, or extxyz file"
    )
    held_out: bool | None = Field(
        default=None,
        description="Only the groups that the model card lists as never trained on; "
        "null: those where the data hold any, else all",
    )


class ControlOptions(Settings):
    """The same electrolyte without metal, at the same temperature and time."""

    vacuum_A: float = Field(
        15.0, gt=0, description="Vacuum that takes the place of the metal [Å]"
    )
    n_steps: int | None = Field(
        None, ge=1, description="Steps of the control; null: as many as the interface"
    )


class TransportOptions(Settings):
    """The electrolyte alone at several temperatures, for its diffusivity."""

    temperatures_K: tuple[float, ...] = Field(
        (300.0, 350.0, 400.0, 450.0, 500.0),
        min_length=1,
        description="Temperatures, one run at each [K]",
    )
    repeat: tuple[int, int, int] = Field(
        (2, 2, 2), description="Cells of the crystal along its lattice vectors"
    )
    n_steps: int | None = Field(
        None, ge=1, description="Steps of each run; null: as many as the interface"
    )
    species: str = Field("Li", description="Element whose motion is measured")

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if any(not t > 0 for t in self.temperatures_K):
            raise ValueError(
                f"temperatures_K must be positive; got {list(self.temperatures_K)}"
            )
        if len(set(self.temperatures_K)) < len(self.temperatures_K):
            raise ValueError(
                f"temperatures_K must differ; got {list(self.temperatures_K)}"
            )
        if any(n < 1 for n in self.repeat):
            raise ValueError(f"repeat must be at least 1; got {list(self.repeat)}")
        return self


class RunSettings(ModelSettings):
    """Settings of ``lithophile run``: from a potential to a report."""

    title: str = Field("Li | electrolyte", description="Title of the report")
    evaluate: EvaluateOptions | None = Field(
        EvaluateOptions(), description="Errors of the potential; null: left out"
    )
    train: TrainingConfig | None = Field(
        None,
        description="Training; start_from may name a model. null: left out",
    )
    use_trained: bool = Field(
        default=False,
        description="Go on with the potential of `train` in place of `model`",
    )
    interface: InterfaceSettings | None = Field(
        InterfaceSettings(), description="Interface to build; null: `structure`"
    )
    structure: Path | None = Field(
        None, description="Structure to use in place of a built interface"
    )
    relax: RelaxationSettings | None = Field(
        RelaxationSettings(), description="Relaxation before the dynamics"
    )
    md: DynamicsConfig = Field(
        DynamicsConfig(), description="Dynamics of the interface"
    )
    final_relax: RelaxationSettings | None = Field(
        None, description="Relaxation of the last frame of the dynamics; null: left out"
    )
    dissolution: DissolutionOptions | None = Field(
        DissolutionOptions(), description="Dissolution; null: left out"
    )
    msd: tuple[MsdOptions, ...] | None = Field(
        (MsdOptions(),),
        description="Mean squared displacements, one per species; null: left out",
    )
    control: ControlOptions | None = Field(
        ControlOptions(), description="Control without metal; null: left out"
    )
    transport: TransportOptions | None = Field(
        None,
        description="The electrolyte alone at several temperatures; null: left out",
    )

    @model_validator(mode="after")
    def _one_structure(self) -> Self:
        if (self.interface is None) == (self.structure is None):
            raise ValueError(
                "interface must be null when structure is given, and only then; got "
                f"structure {self.structure} and interface "
                f"{'null' if self.interface is None else 'settings'}"
            )
        if self.use_trained and self.train is None:
            raise ValueError("use_trained must be false when train is null; got true")
        if self.control is not None and self.interface is None:
            raise ValueError(
                "control must be null when structure is given; got settings. "
                "Run the slab without metal as a run of its own"
            )
        if self.transport is not None and self.interface is None:
            raise ValueError(
                "transport must be null when structure is given; got settings. "
                "Run the crystal as a run of its own, once per temperature"
            )
        return self

    @model_validator(mode="after")
    def _schedule_fits_the_control(self) -> Self:
        if self.control is not None and self.control.n_steps is not None:
            n_steps = self.control.n_steps
            DynamicsConfig.model_validate({**self.md.model_dump(), "n_steps": n_steps})
        return self

    @model_validator(mode="after")
    def _frames_to_analyse(self) -> Self:
        steps = {"md.n_steps": self.md.n_steps} if self.msd or self.dissolution else {}
        if self.control is not None and self.dissolution is not None:
            steps["control.n_steps"] = self.control.n_steps or self.md.n_steps
        if self.transport is not None:
            steps["transport.n_steps"] = self.transport.n_steps or self.md.n_steps
        for name, n_steps in steps.items():
            if n_steps < self.md.every:
                raise ValueError(
                    f"{name} must reach a second saved frame, md.every "
                    f"({self.md.every}); got {n_steps}. Save more often, or leave the "
                    "analyses out"
                )
        return self
