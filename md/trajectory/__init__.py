"""Trajectories: written while a run goes on, read by every analysis.

`TrajectoryWriter` writes H5MD 1.1 that survives a kill; `open_trajectory` reads any
H5MD file, a folder of segments, or whatever ASE reads, in blocks of bounded size;
`export_trajectory` writes extended XYZ, LAMMPS dump, XDATCAR or packed H5MD.

Examples
--------
>>> import pathlib, tempfile
>>> from ase.build import bulk
>>> path = pathlib.Path(tempfile.mkdtemp()) / "trajectory.h5"
>>> atoms = bulk("Li", cubic=True)
>>> with TrajectoryWriter(path, atoms, metadata={"seed": 1}) as writer:
...     for step in (0, 10):
...         writer.append(atoms, step=step, time_ps=step * 1e-3)
>>> open_trajectory(path).times_ps.tolist()
[0.0, 0.01]

To continue from a checkpoint that was written after ``writer.flush()``:
``TrajectoryWriter(path, atoms, resume_at_step=checkpoint_step, ...)``.

"""

from md.trajectory.examples import example_names, example_trajectory
from md.trajectory.export import Exported, export_trajectory
from md.trajectory.reader import Frames, Trajectory, open_trajectory
from md.trajectory.writer import TrajectoryWriter

__all__ = [
    "Exported",
    "Frames",
    "Trajectory",
    "TrajectoryWriter",
    "example_names",
    "example_trajectory",
    "export_trajectory",
    "open_trajectory",
]
