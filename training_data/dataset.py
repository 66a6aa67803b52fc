"""Labelled configurations of one level of theory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms

from training_data.dispersion import dispersion
from training_data.errors import InputError
from training_data.level_of_theory import D3, LevelOfTheory

ENERGY, FORCES, STRESS = "REF_energy", "REF_forces", "REF_stress"
D3_ENERGY, D3_FORCES, D3_STRESS = "D3_energy", "D3_forces", "D3_stress"


@dataclass(frozen=True)
class Dataset:
    """Immutable set of labelled structures with one level of theory.

    Iterating and indexing give copies; `frames` itself is to be read only.

    Parameters
    ----------
    frames
        Structures. ``info["REF_energy"]`` is the total energy (eV),
        ``arrays["REF_forces"]`` the forces (eV/Å, shape (n_atoms, 3)) and, where
        it is known, ``info["REF_stress"]`` the stress (eV/Å³, tensile positive,
        Voigt order xx yy zz yz xz xy, shape (6,)).
    level
        The one level of theory of all labels.
    source
        File or name that the frames came from, for messages and provenance.

    """

    frames: tuple[Atoms, ...]
    level: LevelOfTheory
    source: str = "memory"

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Iterator[Atoms]:
        return (frame.copy() for frame in self.frames)

    def __getitem__(self, index: int) -> Atoms:
        return self.frames[index].copy()

    @property
    def n_atoms(self) -> int:
        """Atoms in all frames together."""
        return sum(map(len, self.frames))

    @property
    def species(self) -> frozenset[str]:
        """Chemical symbols that occur in any frame."""
        return frozenset().union(*(set(f.symbols.species()) for f in self.frames))

    @property
    def energies(self) -> np.ndarray:
        """Total energies in eV, shape (n_frames,)."""
        return np.array([f.info[ENERGY] for f in self.frames], dtype=float)

    @property
    def forces(self) -> tuple[np.ndarray, ...]:
        """Forces in eV/Å, one array of shape (n_atoms, 3) a frame."""
        return tuple(f.arrays[FORCES] for f in self.frames)

    @property
    def stresses(self) -> np.ndarray:
        """Stresses in eV/Å³, ASE sign and order, shape (n_frames, 6); NaN if absent."""
        unknown = np.full(6, np.nan)
        return np.array([f.info.get(STRESS, unknown) for f in self.frames])

    @property
    def config_types(self) -> tuple[str, ...]:
        """Kind of system of every frame; ``"unspecified"`` where none is given."""
        return tuple(str(f.info.get("config_type", "unspecified")) for f in self.frames)

    @property
    def parents(self) -> tuple[str, ...]:
        """Polymorph or trajectory that every frame descends from."""
        return self.groups("parent")

    @property
    def group_ids(self) -> tuple[str, ...]:
        """Group of every frame that must not be divided by a split."""
        return self.groups("group_id")

    def groups(self, key: str) -> tuple[str, ...]:
        """Group of every frame by `key`.

        Frames without that key fall back on ``group_id`` up to its first slash
        (the parent, in our files) and then on their reduced composition, so that
        near-copies of one system are never taken for independent.
        """
        return tuple(_group(frame, key) for frame in self.frames)

    def select(self, chosen: Sequence[int] | np.ndarray) -> "Dataset":
        """Frames by indices or by a boolean mask of shape (n_frames,)."""
        index = np.asarray(chosen)
        if index.dtype == bool:
            if index.shape != (len(self),):
                message = (
                    f"mask must have shape ({len(self)},); got {index.shape}. "
                    "Give one truth value a frame."
                )
                raise InputError(message)
            index = np.flatnonzero(index)
        return replace(self, frames=tuple(self.frames[int(i)] for i in index))

    def where(self, wanted: Callable[[Atoms], bool]) -> "Dataset":
        """Frames for which `wanted` is true."""
        return self.select([i for i, f in enumerate(self.frames) if wanted(f)])

    def joined(self, other: "Dataset") -> "Dataset":
        """Frames of both sets.

        Raises
        ------
        InputError
            When the levels of theory differ.

        """
        if self.level != other.level:
            message = (
                f"level of {other.source} must be that of {self.source}, "
                f"{self.level}; got {other.level}. "
                "Label one of them again: energies of two levels have two zeros."
            )
            raise InputError(message)
        return Dataset(
            (*self.frames, *other.frames), self.level, f"{self.source} + {other.source}"
        )

    def at_level(self, name: str) -> "Dataset":
        """Labels at a level of theory of the same functional.

        With ``"PBE-D3(BJ)"`` the dispersion part is added to labels of ``"PBE"``:
        stored ``D3_*`` where the frame has them, computed otherwise (PBE only).

        Parameters
        ----------
        name
            Short name of the level, for instance that of a model card.

        Raises
        ------
        InputError
            When the labels cannot be brought to that level.

        """
        level = self.level.named(name)
        if level == self.level:
            return self
        if level.dispersion is None:
            message = (
                f"level must be {self.level.name!r}; got {name!r}. The dispersion "
                f"in the labels of {self.source} cannot be taken out again."
            )
            raise InputError(message)
        frames = tuple(
            _with_dispersion(frame, f"frame {i} of {self.source}", level)
            for i, frame in enumerate(self.frames)
        )
        return Dataset(frames, level, self.source)


def _group(frame: Atoms, key: str) -> str:
    info = frame.info
    if key in info:
        return str(info[key])
    if "group_id" in info:
        return str(info["group_id"]).split("/")[0]
    formula: str = frame.symbols.formula.reduce()[0].format("hill")
    return f"composition:{formula}"


def _with_dispersion(frame: Atoms, where: str, level: LevelOfTheory) -> Atoms:
    total = frame.copy()
    if D3_ENERGY in frame.info and D3_FORCES in frame.arrays:
        energy, forces = frame.info[D3_ENERGY], frame.arrays[D3_FORCES]
        stress = frame.info.get(D3_STRESS, np.full(6, np.nan))
    elif level.functional == "PBE":
        part = dispersion(frame)
        energy, forces, stress = part.energy, part.forces, part.stress
    else:
        message = (
            f"{where} must hold {D3_ENERGY} and {D3_FORCES} to reach {level.name!r}: "
            f"{D3} is computed here for PBE alone; got neither. Add them to the file."
        )
        raise InputError(message)
    total.info[ENERGY] = float(frame.info[ENERGY] + energy)
    total.arrays[FORCES] = frame.arrays[FORCES] + forces
    if STRESS in frame.info:
        if np.isfinite(stress).all():
            total.info[STRESS] = np.asarray(frame.info[STRESS]) + stress
        else:
            del total.info[STRESS]
    for key in (D3_ENERGY, D3_STRESS):
        total.info.pop(key, None)
    total.arrays.pop(D3_FORCES, None)
    total.info["dispersion"] = D3
    return total
