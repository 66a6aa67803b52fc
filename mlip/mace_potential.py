"""A MACE network as a potential."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch  # noqa: TID253 (imported only once a network is wanted)
from ase import Atoms
from ase.data import chemical_symbols

from mlip.batch_session import PAIRS_PER_CALL, BatchSession
from mlip.cpu import keep_freed_memory
from mlip.engine import (
    UNTESTED,
    EngineReport,
    EngineUnavailableError,
    build_function,
)
from mlip.evaluation import Prediction
from mlip.mace_batch import MaceBatchSession
from mlip.mace_graph import EdgeTable, Layout, Nodes, build_nodes, pair_tensors
from mlip.mace_session import MaceSession, pair_gradient, voigt_stress
from mlip.neighbour_list import Pairs, find_pairs
from mlip.potential import Potential, Session

_SHORTEST_DISTANCE_A = 0.05


@dataclass(frozen=True)
class _Structure:
    index: int
    atoms: Atoms
    pairs: Pairs
    vectors: np.ndarray


class MacePotential(Potential):
    """Energies of a MACE network.

    Parameters
    ----------
    model
        A mace-torch network with one head; its precision is the potential's.
    name
        Name for reports.
    level
        Level of theory that it was trained on.
    device
        ``"cpu"`` or ``"cuda"``.
    rearranged
        Whether the network is computed by :class:`mlip.mace_kernel.MaceKernel`
        where it can be, which gives the same numbers sooner, or always by
        mace-torch's own code.

    """

    def __init__(
        self,
        model: torch.nn.Module,
        *,
        name: str,
        level: str,
        device: str = "cpu",
        rearranged: bool = True,
    ) -> None:
        keep_freed_memory()
        network: Any = model.to(device).eval()
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        self.name = name
        self.level = level
        self.device = device
        self.model = network
        self.dtype: torch.dtype = network.atomic_energies_fn.atomic_energies.dtype
        self.cutoff_A = float(network.r_max)
        self.atomic_numbers: list[int] = network.atomic_numbers.tolist()
        self.species = frozenset(chemical_symbols[z] for z in self.atomic_numbers)
        asked = "auto" if rearranged else "plain"
        self.function: torch.nn.Module
        self.function, used = build_function(network, asked, device=device)
        self.engine = EngineReport(asked=asked, used=used)
        self._warm_up()

    def with_engine(self, engine: str) -> Potential:
        """Potential of the same network through another engine.

        See :func:`mlip.engine.with_engine`, which calls this.
        """
        other = copy.copy(self)
        other.function, default = build_function(self.model, "auto", device=self.device)
        report = EngineReport(
            asked=engine, used=default, message=UNTESTED.get(engine, "")
        )
        try:
            if engine == "fastmace":
                from mlip.fastmace_potential import FastmacePotential  # noqa: PLC0415

                return FastmacePotential(self, report=report)
            other.function, used = build_function(
                self.model, engine, device=self.device
            )
        except EngineUnavailableError as error:
            told = f"{error}; the network is computed by {default!r} instead"
            other.engine = EngineReport(asked=engine, used=default, message=told)
            return other
        other.engine = EngineReport(asked=engine, used=used, message=report.message)
        if used != default:
            other.fingerprint = ", ".join(filter(None, (self.fingerprint, used)))
        other._warm_up()  # noqa: SLF001 (a copy of this one)
        return other

    def _warm_up(self) -> None:
        """Evaluate a pair of atoms, so that the first answer is like all others.

        In single precision the first call of a process was seen to differ from
        every later one in the last bit of a force, which is enough for a resumed
        run to leave the path of an uninterrupted one.
        """
        pair = Atoms([self.atomic_numbers[0]] * 2, [[0, 0, 0], [0, 0, 2.5]])
        self._predict([pair])

    def _predict(self, structures: Sequence[Atoms]) -> list[Prediction | str]:
        outcomes: list[Prediction | str] = [""] * len(structures)
        sound = []
        for index, atoms in enumerate(structures):
            pairs = find_pairs(
                atoms.positions, atoms.cell.array, atoms.pbc, cutoff=self.cutoff_A
            )
            vectors = _vectors(atoms, pairs)
            outcomes[index] = _contact(pairs, vectors)
            if not outcomes[index]:
                sound.append(_Structure(index, atoms, pairs, vectors))
        limit = PAIRS_PER_CALL["cpu" if self.device == "cpu" else "cuda"]
        for batch in _batches(sound, limit=limit):
            for structure, answer in zip(batch, self._evaluate(batch), strict=True):
                outcomes[structure.index] = answer
        return outcomes

    def session(self, atoms: Atoms) -> Session:
        """Session that keeps neighbour list and tensors between its calls."""
        self.check_species(atoms)
        return MaceSession(
            self.function,
            atoms,
            nodes=self.nodes([atoms]),
            cutoff=self.cutoff_A,
            device=self.device,
        )

    @property
    def prefers_batches(self) -> bool:
        """On a GPU, which a small structure does not fill."""
        return self.device != "cpu"

    def batch_session(self, *, together: bool) -> BatchSession:
        """Sessions of many structures; see :class:`Potential`."""
        if not together:
            return super().batch_session(together=False)
        return MaceBatchSession(
            self.function,
            atomic_numbers=self.atomic_numbers,
            dtype=self.dtype,
            cutoff=self.cutoff_A,
            device=self.device,
            most_pairs=PAIRS_PER_CALL["cpu" if self.device == "cpu" else "cuda"],
        )

    def nodes(self, structures: Sequence[Atoms]) -> Nodes:
        """Atoms of a batch as the network's nodes."""
        return build_nodes(
            structures,
            atomic_numbers=self.atomic_numbers,
            dtype=self.dtype,
            device=self.device,
        )

    def _evaluate(self, batch: Sequence[_Structure]) -> Iterator[Prediction]:
        sizes = [len(s.atoms) for s in batch]
        nodes = self.nodes([s.atoms for s in batch])
        first, second = pair_tensors(
            [s.pairs for s in batch], nodes, n_atoms=sizes, device=self.device
        )
        layout: Layout = EdgeTable(first, second, n_atoms=len(nodes)).layout()
        vectors = torch.as_tensor(
            np.concatenate([s.vectors for s in batch]),
            dtype=self.dtype,
            device=self.device,
        )
        energies, gradient, forces = pair_gradient(
            self.function, vectors, first, second, nodes, layout
        )
        by_structure = np.split(forces, np.cumsum(sizes)[:-1])
        gradients = np.split(gradient, np.cumsum([len(s.pairs) for s in batch])[:-1])
        for structure, energy, force, of_pairs in zip(
            batch, energies, by_structure, gradients, strict=True
        ):
            yield Prediction(
                energy=float(energy),
                forces=force,
                stress=voigt_stress(structure.vectors, of_pairs, structure.atoms),
            )


def _vectors(atoms: Atoms, pairs: Pairs) -> np.ndarray:
    positions = atoms.positions
    shifts = pairs.shifts @ atoms.cell.array
    vectors: np.ndarray = positions[pairs.second] - positions[pairs.first] + shifts
    return vectors


def _contact(pairs: Pairs, vectors: np.ndarray) -> str:
    """Reason why a structure has no sensible energy, empty when it has."""
    if len(pairs) == 0:
        return ""
    lengths = np.linalg.norm(vectors, axis=1)
    nearest = int(lengths.argmin())
    if lengths[nearest] > _SHORTEST_DISTANCE_A:
        return ""
    i, j = pairs.first[nearest], pairs.second[nearest]
    return f"atoms {i} and {j} are {lengths[nearest]:.3f} Å apart"


def _batches(
    structures: Sequence[_Structure], *, limit: int
) -> Iterator[list[_Structure]]:
    """Consecutive structures with at most `limit` pairs and atoms together."""
    batch: list[_Structure] = []
    size = 0
    for structure in structures:
        cost = max(len(structure.pairs), len(structure.atoms))
        if batch and size + cost > limit:
            yield batch
            batch, size = [], 0
        batch.append(structure)
        size += cost
    if batch:
        yield batch
