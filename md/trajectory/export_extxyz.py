"""Extended XYZ, as ASE, OVITO and training programs read it."""

import re
from io import TextIOWrapper

import numpy as np
from ase import Atoms
from ase import units as ase_units

from md.trajectory.export_frames import ExportFrames, labels_of, own_masses
from md.trajectory.export_text import TextSink, beside, of_frame
from md.trajectory.sources import Vector

_ENERGY = "potential_energy_eV"


class ExtxyzSink(TextSink):
    """Extended XYZ: positions in Å, forces in eV/Å, momenta in ASE's unit.

    Parameters
    ----------
    stream
        Where to write.
    atoms
        Species, masses, pbc and labels.
    kept
        Vectors that come with the frames.
    observables
        Scalars that come with the frames; ``potential_energy_eV`` becomes the
        ``energy`` that ASE knows.

    Notes
    -----
    The format has no column for velocities that ASE reads; momenta,
    p = m v in amu^½ eV^½, are read by `ase.Atoms.get_velocities`.

    """

    def __init__(
        self,
        stream: TextIOWrapper,
        atoms: Atoms,
        *,
        kept: frozenset[Vector],
        observables: tuple[str, ...],
    ) -> None:
        super().__init__(stream)
        self._masses = np.asarray(atoms.get_masses(), dtype=float)[:, None]
        self._observables = observables
        self._pbc = " ".join("FT"[int(periodic)] for periodic in atoms.pbc)
        columns = ["species:S:1", "pos:R:3"]
        columns += ["momenta:R:3"] * ("velocities" in kept)
        columns += ["forces:R:3"] * ("forces" in kept)
        masses, labels = own_masses(atoms), labels_of(atoms)
        columns += ["masses:R:1"] * (masses is not None)
        columns += [f"{name}:I:1" for name in labels]
        self._own_masses = None if masses is None else masses[:, None]
        self._columns = ":".join(columns)
        self._heads = [f"{symbol} " for symbol in atoms.symbols]
        rows = zip(*labels.values(), strict=True) if labels else [()] * len(atoms)
        self._tails = ["".join(f" {value}" for value in row) for row in rows]
        self._n_atoms = len(atoms)

    @property
    def quantities(self) -> tuple[str, ...]:
        """Columns of the atoms and keys of the frames."""
        columns = tuple(self._columns.split(":")[::3])
        return (*columns, "step", "time_ps", *map(_key, self._observables))

    def _write_frame(self, frames: ExportFrames, index: int) -> None:
        cell = frames.cells[index]
        entries = [f"Properties={self._columns}", f"step={frames.steps[index]}"]
        if cell.any():
            entries.insert(0, f'Lattice="{" ".join(map(repr, cell.ravel().tolist()))}"')
        entries.append(f"time_ps={float(frames.times_ps[index])!r}")
        entries += [
            f"{_key(name)}={float(frames.observables[name][index])!r}"
            for name in self._observables
        ]
        entries.append(f'pbc="{self._pbc}"')
        self._stream.write(f"{self._n_atoms}\n{' '.join(entries)}\n")
        velocities = of_frame(frames.velocities_A_per_ps, index)
        per_ase_time = 1.0 / (1000.0 * ase_units.fs)
        self._write_rows(
            self._heads,
            beside(
                frames.positions[index],
                None
                if velocities is None
                else velocities * per_ase_time * self._masses,
                of_frame(frames.forces, index),
                self._own_masses,
            ),
            self._tails,
        )


def _key(observable: str) -> str:
    return "energy" if observable == _ENERGY else re.sub(r"\W", "_", observable)
