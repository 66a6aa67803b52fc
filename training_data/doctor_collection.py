"""What the doctor remembers of every frame: little, and of a bounded size."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from ase.data import atomic_numbers, chemical_symbols, covalent_radii
from numpy.typing import NDArray

from training_data.doctor_frames import Frame
from training_data.near_pairs import near_pairs

CUTOFF_A = 4.5
"""Pairs of atoms up to this distance are looked at [Å]."""

BIN_A = 0.1
N_BINS = round(CUTOFF_A / BIN_A)
N_CHANNELS = 4
SHAPE_BIN_A = 0.25
N_SHAPE = round(CUTOFF_A / SHAPE_BIN_A)
MAX_ATOMS_KEPT = 4_000_000
"""Positions and forces of at most so many atoms are kept (24 bytes each)."""

Z_BASE = 1000


@dataclass(eq=False)
class Collection:
    """Numbers of all frames; positions and forces of the first four million atoms.

    Parameters
    ----------
    max_atoms
        Positions and forces are kept in single precision until so many atoms have
        come; what needs them tests the frames before that.

    """

    max_atoms: int = MAX_ATOMS_KEPT
    n_frames: int = 0
    n_atoms_kept: int = 0
    energies: list[float] = field(default_factory=list)
    stresses: list[NDArray[np.float64]] = field(default_factory=list)
    cells: list[NDArray[np.float64]] = field(default_factory=list)
    pbc: list[NDArray[np.bool_]] = field(default_factory=list)
    volumes_A3: list[float] = field(default_factory=list)
    numbers: list[NDArray[np.int_]] = field(default_factory=list)
    positions: list[NDArray[np.float32] | None] = field(default_factory=list)
    forces: list[NDArray[np.float32] | None] = field(default_factory=list)
    shapes: list[NDArray[np.float32]] = field(default_factory=list)
    keys: Counter[tuple[str, str]] = field(default_factory=Counter)
    without: dict[str, list[int]] = field(default_factory=dict)
    levels: dict[tuple[str, ...], list[int]] = field(default_factory=dict)
    groups: list[Mapping[str, str]] = field(default_factory=list)
    splits: list[str | None] = field(default_factory=list)
    problems: list[tuple[int, str, str]] = field(default_factory=list)
    candidates: dict[str, dict[int, NDArray[np.float64]]] = field(default_factory=dict)
    largest_force: list[tuple[float, int]] = field(default_factory=list)
    net_force: list[float] = field(default_factory=list)
    closest: list[tuple[float, float, str]] = field(default_factory=list)
    histograms: dict[tuple[int, int], NDArray[np.int64]] = field(default_factory=dict)
    shortest: dict[tuple[int, int], float] = field(default_factory=dict)
    elements: Counter[int] = field(default_factory=Counter)
    isolated: list[int] = field(default_factory=list)
    _known: dict[bytes, NDArray[np.int_]] = field(default_factory=dict)
    _channels: dict[tuple[int, int], NDArray[np.float64]] = field(default_factory=dict)

    def add(self, frame: Frame) -> None:
        """Take the numbers of one more frame."""
        index = self.n_frames
        self.n_frames += 1
        sound = not any(check == "geometry" for check, _ in frame.problems)
        numbers = self._known.setdefault(frame.numbers.tobytes(), frame.numbers)
        self.numbers.append(numbers)
        self.energies.append(frame.energy)
        self.stresses.append(frame.stress)
        self.cells.append(frame.cell)
        self.pbc.append(frame.pbc)
        self.volumes_A3.append(frame.volume if sound else 0.0)
        self.groups.append(frame.groups)
        self.splits.append(frame.split)
        self.levels.setdefault(frame.level, []).append(index)
        self.elements.update(numbers.tolist())
        for check, what in frame.problems:
            self.problems.append((index, check, what))
        for label in ("energy", "forces", "stress"):
            if label in frame.keys:
                self.keys[label, frame.keys[label]] += 1
            else:
                self.without.setdefault(label, []).append(index)
        for name, value in frame.stress_candidates.items():
            self.candidates.setdefault(name, {})[index] = value
        forces = frame.forces
        if forces is not None and np.isfinite(forces).all() and len(forces):
            size = np.linalg.norm(forces, axis=1)
            self.largest_force.append((float(size.max()), int(size.argmax())))
            self.net_force.append(float(np.linalg.norm(forces.sum(axis=0))))
        else:
            forces = None
            self.largest_force.append((float("nan"), 0))
            self.net_force.append(float("nan"))
        keep = sound and self.n_atoms_kept + len(numbers) <= self.max_atoms
        self.n_atoms_kept += len(numbers) if keep else 0
        self.positions.append(frame.positions.astype(np.float32) if keep else None)
        self.forces.append(
            forces.astype(np.float32) if keep and forces is not None else None
        )
        self._add_pairs(frame, sound=sound)

    def _add_pairs(self, frame: Frame, *, sound: bool) -> None:
        shape = np.zeros(N_CHANNELS * N_SHAPE, dtype=np.float32)
        self.shapes.append(shape)
        self.closest.append((float("nan"), float("nan"), ""))
        if not sound or not len(frame.numbers):
            return
        i, j, _, r = near_pairs(
            frame.positions, frame.cell, frame.pbc, cutoff_A=CUTOFF_A
        )
        if not len(r):
            if len(frame.numbers) == 1:
                self.isolated.append(len(self.shapes) - 1)
            return
        low = np.minimum(frame.numbers[i], frame.numbers[j])
        high = np.maximum(frame.numbers[i], frame.numbers[j])
        codes, kinds = np.unique(low * Z_BASE + high, return_inverse=True)
        bins = np.minimum((r / BIN_A).astype(int), N_BINS - 1)
        counts = np.bincount(kinds * N_BINS + bins, minlength=len(codes) * N_BINS)
        smooth = _soft_counts(kinds, r, len(codes))
        for row, code in enumerate(codes.tolist()):
            pair = divmod(code, Z_BASE)
            histogram = self.histograms.setdefault(pair, np.zeros(N_BINS, np.int64))
            histogram += counts[row * N_BINS : (row + 1) * N_BINS]
            nearest = float(r[kinds == row].min())
            self.shortest[pair] = min(self.shortest.get(pair, np.inf), nearest)
            shape += np.outer(self._channel(pair), smooth[row]).ravel()
        shape /= len(frame.numbers)
        ratio = r / (covalent_radii[low] + covalent_radii[high])
        worst = int(ratio.argmin())
        where = (
            f"{chemical_symbols[frame.numbers[i[worst]]]} {i[worst]} and "
            f"{chemical_symbols[frame.numbers[j[worst]]]} {j[worst]}"
        )
        self.closest[-1] = (float(ratio[worst]), float(r[worst]), where)

    def _channel(self, pair: tuple[int, int]) -> NDArray[np.float64]:
        """Weights that tell pairs of elements apart in a vector of fixed length."""
        if pair not in self._channels:
            rng = np.random.default_rng(pair)
            self._channels[pair] = rng.normal(size=N_CHANNELS)
        return self._channels[pair]

    @property
    def n_atoms(self) -> NDArray[np.int_]:
        """(n_frames,) atoms of every frame."""
        return np.array([len(numbers) for numbers in self.numbers])

    @property
    def symbols(self) -> list[str]:
        """Chemical symbols, by atomic number."""
        return [chemical_symbols[z] for z in sorted(self.elements)]

    @property
    def compositions(self) -> NDArray[np.float64]:
        """(n_frames, n_elements) atoms of every element."""
        columns = [atomic_numbers[symbol] for symbol in self.symbols]
        known = {
            id(numbers): [np.count_nonzero(numbers == z) for z in columns]
            for numbers in self._known.values()
        }
        return np.array([known[id(numbers)] for numbers in self.numbers], dtype=float)


def _soft_counts(
    kinds: NDArray[np.int_], r: NDArray[np.float64], n_kinds: int
) -> NDArray[np.float64]:
    """Distances of each kind of pair, shared between the two nearest bins."""
    place = r / SHAPE_BIN_A
    left = np.minimum(place.astype(int), N_SHAPE - 1)
    share = place - left
    fade = (1 - (r / CUTOFF_A) ** 2) ** 2
    total = np.bincount(
        kinds * N_SHAPE + left, weights=fade * (1 - share), minlength=n_kinds * N_SHAPE
    )
    right = left + 1 < N_SHAPE
    total += np.bincount(
        (kinds * N_SHAPE + left + 1)[right],
        weights=(fade * share)[right],
        minlength=n_kinds * N_SHAPE,
    )
    counts: NDArray[np.float64] = np.asarray(total, dtype=float)
    return counts.reshape(n_kinds, N_SHAPE)
