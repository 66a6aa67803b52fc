"""Several structures under a MACE network in one call of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch  # noqa: TID253 (imported only once a network is wanted)
from ase import Atoms

from mlip.batch_session import (
    Answer,
    BatchSession,
    Geometry,
    is_finite,
    without_answer,
)
from mlip.mace_graph import EdgeTable, Nodes, build_nodes
from mlip.mace_session import differentiate, stress_of_virial
from mlip.pair_list import SKIN_A, NearPairs, PairList

_MOST_CROWDS = 32  # selections of members whose nodes are kept


@dataclass(frozen=True)
class _Member:
    atoms: Atoms
    nodes: Nodes
    pairs: PairList


@dataclass(frozen=True)
class _Request:
    number: int
    member: _Member
    where: Geometry
    near: NearPairs


@dataclass(frozen=True)
class _Crowd:
    """Atoms of several members as the network's nodes.

    Parameters
    ----------
    nodes
        All of them, sorted by element.
    places
        Of each member, where its own sorted atoms stand among all, (n_atoms,).

    """

    nodes: Nodes
    places: tuple[torch.Tensor, ...]


class MaceBatchSession(BatchSession):
    """Members of which each keeps its own neighbour list, evaluated in one call.

    The pairs of each member are those of its own session (cutoff, skin, order).
    Sums and products run over all members at once, so that the last bits of a
    number depend on who else is in the batch: they equal those of a member alone
    within round-off.

    Parameters
    ----------
    function
        Energies as a function of pair vectors.
    atomic_numbers
        The network's elements, in its order.
    dtype
        Its precision.
    cutoff
        Its cutoff in Å.
    device
        Where the tensors live.
    most_pairs
        Most pairs in one call; more members are split into several calls.
    skin
        Of the neighbour lists, in Å.

    """

    def __init__(
        self,
        function: torch.nn.Module,
        *,
        atomic_numbers: Sequence[int],
        dtype: torch.dtype,
        cutoff: float,
        device: str,
        most_pairs: int,
        skin: float = SKIN_A,
    ) -> None:
        self._function = function
        self._atomic_numbers = tuple(atomic_numbers)
        self._dtype = dtype
        self._cutoff = cutoff
        self._device = device
        self._most_pairs = most_pairs
        self._skin = skin
        self._members: dict[int, _Member] = {}
        self._crowds: dict[tuple[int, ...], _Crowd] = {}

    def place(self, member: int, atoms: Atoms) -> None:
        """Put a structure in place; see :class:`BatchSession`."""
        before = self._members.get(member)
        bare = Atoms(atoms.numbers, pbc=atoms.pbc)
        if before is None or not np.array_equal(before.atoms.numbers, bare.numbers):
            self._crowds.clear()
        nodes = self._nodes([bare])
        pairs = PairList(
            nodes,
            bare.pbc,
            cutoff=self._cutoff,
            device=self._device,
            skin=self._skin,
        )
        self._members[member] = _Member(bare, nodes, pairs)

    def remove(self, member: int) -> None:
        """Forget a member; see :class:`BatchSession`."""
        if self._members.pop(member, None) is not None:
            self._crowds.clear()

    def evaluate(self, asked: Mapping[int, Geometry]) -> dict[int, Answer | Exception]:
        """Evaluate all who ask; see :class:`BatchSession`."""
        answers: dict[int, Answer | Exception] = {}
        requests = []
        for number in sorted(asked):
            where, member = asked[number], self._members[number]
            if not (
                np.isfinite(where.positions).all() and np.isfinite(where.cell).all()
            ):
                answers[number] = without_answer(where)
                continue
            try:
                near = member.pairs.near(where.positions, where.cell)
            except Exception as error:  # noqa: BLE001 (of one geometry; handed back)
                answers[number] = error
                continue
            requests.append(_Request(number, member, where, near))
        for batch in self._batches(requests):
            answers |= self._answers(batch)
        return answers

    def _batches(self, requests: Sequence[_Request]) -> Iterator[list[_Request]]:
        """Consecutive requests with at most `most_pairs` pairs and atoms together."""
        batch: list[_Request] = []
        size = 0
        for request in requests:
            cost = max(len(request.near.first), len(request.member.nodes))
            if batch and size + cost > self._most_pairs:
                yield batch
                batch, size = [], 0
            batch.append(request)
            size += cost
        if batch:
            yield batch

    def _answers(self, batch: Sequence[_Request]) -> dict[int, Answer]:
        """Answers of one call, or of one call each where something is not finite.

        Empty slots of the edge table point at pair 0 and are multiplied by zero, so
        a NaN there would reach the atoms of other members.
        """
        answers = self._compute(batch)
        if len(batch) > 1 and not all(map(is_finite, answers.values())):
            for request in batch:
                answers |= self._compute([request])
        return answers

    def _compute(self, batch: Sequence[_Request]) -> dict[int, Answer]:
        crowd = self._crowd(batch)
        first, second = (
            torch.cat(
                [
                    place[getattr(request.near, end)]
                    for place, request in zip(crowd.places, batch, strict=True)
                ]
            )
            for end in ("first", "second")
        )
        slopes = differentiate(
            self._function,
            torch.cat([request.near.vectors for request in batch]).to(self._dtype),
            first,
            second,
            crowd.nodes,
            EdgeTable(first, second, n_atoms=len(crowd.nodes)).layout(),
        )
        energies = slopes.energies.cpu().double().numpy()
        sizes = np.cumsum([len(request.member.nodes) for request in batch])[:-1]
        forces = np.split(slopes.forces(crowd.nodes), sizes)
        gradients = torch.split(slopes.gradient, [len(r.near.first) for r in batch])
        return {
            request.number: (
                float(energy),
                force,
                _stress(request, gradient),
            )
            for request, energy, force, gradient in zip(
                batch, energies, forces, gradients, strict=True
            )
        }

    def _crowd(self, batch: Sequence[_Request]) -> _Crowd:
        numbers = tuple(request.number for request in batch)
        if numbers not in self._crowds:
            if len(self._crowds) >= _MOST_CROWDS:
                self._crowds.clear()
            nodes = self._nodes([request.member.atoms for request in batch])
            rank = np.empty(len(nodes), dtype=np.int64)
            rank[nodes.order] = np.arange(len(nodes))
            places, begin = [], 0
            for request in batch:
                own = begin + request.member.nodes.order
                places.append(torch.as_tensor(rank[own], device=self._device))
                begin += len(own)
            self._crowds[numbers] = _Crowd(nodes, tuple(places))
        return self._crowds[numbers]

    def _nodes(self, structures: Sequence[Atoms]) -> Nodes:
        return build_nodes(
            structures,
            atomic_numbers=self._atomic_numbers,
            dtype=self._dtype,
            device=self._device,
        )


def _stress(request: _Request, gradient: torch.Tensor) -> np.ndarray:
    if not (request.where.stress and request.member.atoms.pbc.all()):
        return np.full(6, np.nan)
    virial = request.near.vectors.T @ gradient.double()
    return stress_of_virial(virial.cpu().numpy(), request.where.cell)
