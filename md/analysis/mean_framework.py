"""Framework of a trajectory at its mean positions."""

from typing import Literal

from ase import Atoms

from md.analysis.framework import Framework, frame_range, framework_atoms, layers_of
from md.trajectory import Trajectory


def mean_framework(
    trajectory: Trajectory,
    *,
    species: str = "Li",
    framework: tuple[str, ...] | None = None,
    frame: Literal["whole", "layers"] = "whole",
    start_ps: float = 0.0,
) -> Atoms:
    """Framework at its mean positions in the mean cell.

    Parameters
    ----------
    trajectory
        Frames with three lattice vectors; read once.
    species
        Ions that do not belong to it.
    framework, frame, start_ps
        See `md.analysis.ion_density.ion_density`.

    Raises
    ------
    InputError
        As `md.analysis.ion_density.ion_density`.

    """
    view = Framework(
        trajectory=trajectory,
        mobile=trajectory.indices_of(species),
        framework=framework_atoms(trajectory, framework),
        groups=layers_of(trajectory, frame),
    )
    for _ in view.blocks(frame_range(trajectory, start_ps)):
        pass
    return view.mean_structure()
