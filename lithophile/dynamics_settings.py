"""Settings of molecular dynamics on the command line."""

from pathlib import Path

from pydantic import Field

from lithophile.settings import ModelSettings
from md.dynamics import DynamicsConfig


class DynamicsSettings(ModelSettings, DynamicsConfig):
    """Settings of ``lithophile md``: a structure, a potential and the dynamics."""

    structure: Path = Field(description="Structure to start from")
    start_check: bool = Field(
        default=True,
        description="Compare energy, forces and stress with the plain double-precision "
        "path, and the memory needed with what is free, before the first step",
    )

    @property
    def dynamics(self) -> DynamicsConfig:
        """What the integrator needs to know."""
        own = {name: getattr(self, name) for name in DynamicsConfig.model_fields}
        return DynamicsConfig(**own)
