"""Whether a run in a folder can go on with these settings, before anything is done."""

from pathlib import Path

from ase import Atoms

from md.dynamics import DynamicsConfig
from md.dynamics.checkpoint import hash_structure, read_checkpoint, require_same_run
from mlip import Potential

CHECKPOINT = "checkpoint.npz"


def check_resume(
    folder: Path, atoms: Atoms, potential: Potential, config: DynamicsConfig
) -> None:
    """Refusal to go on with another run; nothing where there is no checkpoint.

    Raises
    ------
    InputError
        Naming every setting that differs, or the structure.

    """
    checkpoint = folder / CHECKPOINT
    if not checkpoint.is_file():
        return
    require_same_run(
        read_checkpoint(checkpoint),
        config,
        potential=potential.identity,
        structure_sha256=hash_structure(
            atoms, with_momenta=config.velocities == "given"
        ),
    )
