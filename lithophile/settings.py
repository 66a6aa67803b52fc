"""Settings of the commands: what a configuration file may contain."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

DEFAULT_MODEL = "li-zr-cl"


class Settings(BaseModel):
    """Base of all settings: unknown keys are errors and values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSettings(Settings):
    """Which potential, and how it computes."""

    model: str = Field(
        DEFAULT_MODEL, description="Name (`lithophile models list`), file or run folder"
    )
    dtype: Literal["float32", "float64"] = Field(
        "float64", description="Precision of the potential"
    )
    device: str = Field("cpu", description="cpu, cuda or cuda:N")
    engine: Literal["auto", "plain", "fast", "cueq", "fastmace"] = Field(
        "auto",
        description="How a MACE network is computed; cueq and fastmace need an NVIDIA "
        "GPU and their packages, else auto is used",
    )
    trust_model: bool = Field(
        default=False,
        description="Open a pickled .model file, which can run any code",
    )


class EvaluateSettings(ModelSettings):
    """Settings of ``lithophile evaluate``."""

    dataset: str = Field(
        "li-zr-cl-pbe", description="Name of a shipped data set, or extxyz file"
    )
    held_out: bool | None = Field(
        default=False,
        description="Only the groups that the model card lists as never trained on; "
        "null: those where the data hold any, else all",
    )


class RelaxationSettings(Settings):
    """How far and in what cell structures are relaxed."""

    fmax_eV_per_A: float = Field(
        0.02, gt=0, description="Largest force left on an atom [eV/Å]"
    )
    stress_max_eV_per_A3: float = Field(
        3e-4, gt=0, description="Largest stress left in a free cell [eV/Å³]"
    )
    max_steps: int = Field(500, ge=1, description="Most steps taken")
    cell: str = Field(
        "fixed",
        description="What of the cell relaxes: fixed, full, z, in-plane, isotropic, "
        "shape, or strain components such as xx,yy",
    )
    fixed_vectors: str = Field(
        "",
        description="Lattice vectors that stay as they are in a full cell, such as ab",
    )
    fixed_layers: tuple[int, ...] = Field(
        (), description="Layers whose atoms stay; -1 is the last"
    )
    fixed_side: Literal[0, 1] | None = Field(
        None,
        description="Side of an interface whose atoms stay: 0 metal, 1 electrolyte",
    )
    pressure_GPa: float = Field(
        0.0, description="External pressure on a free cell [GPa]"
    )
    algorithm: Literal["lbfgs", "fire"] = Field("lbfgs", description="How steps go")

    @model_validator(mode="after")
    def _freedom_exists(self) -> Self:
        if self.cell != "fixed" or self.fixed_vectors:
            from structures.cell_freedom import check_freedom  # noqa: PLC0415 (ase)

            check_freedom(self.cell, fixed_vectors=self.fixed_vectors)
        if self.pressure_GPa and self.cell == "fixed":
            raise ValueError(
                f"pressure_GPa must be 0 for a fixed cell; got {self.pressure_GPa}. "
                "Use e.g. cell: full"
            )
        return self


class RelaxSettings(ModelSettings, RelaxationSettings):
    """Settings of ``lithophile relax``."""

    structures: tuple[Path, ...] = Field(
        (), description="Structure files; all of their frames are relaxed"
    )


class TrajectorySettings(Settings):
    """Which trajectory is analysed."""

    trajectory: Path | None = Field(
        None, description="H5MD file, run folder, or file that ASE reads"
    )
    frame_time_ps: float | None = Field(
        None, gt=0, description="Time between frames, for files without times [ps]"
    )


class DissolutionOptions(Settings):
    """When a metal ion of the electrolyte counts as dissolved."""

    species: str = Field("Zr", description="Element that dissolves")
    ligand: str = Field("Cl", description="Element that it is bound to")
    form_A: float = Field(
        2.68, gt=0, description="A bond forms at or below this distance [Å]"
    )
    break_A: float | None = Field(
        None,
        gt=0,
        description="A bond breaks beyond this distance; null: first minimum of "
        "the pair distribution [Å]",
    )
    hold_ps: float = Field(
        0.5, ge=0, description="A bond is broken when it stays broken for this [ps]"
    )

    @model_validator(mode="after")
    def _bond_of_two_elements(self) -> Self:
        if self.species == self.ligand:
            raise ValueError(
                f"species and ligand must be two elements; got {self.species} for both"
            )
        if self.break_A is not None and self.break_A <= self.form_A:
            raise ValueError(
                f"break_A must be larger than form_A ({self.form_A:g} Å); got "
                f"{self.break_A:g} Å"
            )
        return self


class DissolutionSettings(TrajectorySettings, DissolutionOptions):
    """Settings of ``lithophile analyze dissolution``."""


class MsdOptions(Settings):
    """How the mean squared displacement is taken."""

    species: str = Field("Li", description="Element whose motion is measured")
    reference: Literal["others", "framework", "slab", "none"] = Field(
        "others",
        description="Atoms whose drift is removed: all others; of the electrolyte "
        "without lithium; of the metal; none",
    )
    direction: Literal["all", "lateral", "normal"] = Field(
        "all", description="In the plane of a and b, across it, or both"
    )
    motion: Literal["tracer", "collective"] = Field(
        "tracer", description="Of single atoms, or of their sum (charge)"
    )
    fit_ps: tuple[float, float] | None = Field(
        None,
        description="First and last lag of the fit; null: chosen from the length [ps]",
    )


class MsdSettings(TrajectorySettings, MsdOptions):
    """Settings of ``lithophile analyze msd``."""

    layers_A: tuple[float, ...] | None = Field(
        None,
        description="Borders of layers along the normal, measured from the centre of "
        "the reference; a mean squared displacement for each [Å]",
    )
