"""One structure under a MACE network, again and again while its atoms move."""

import numpy as np
import torch  # noqa: TID253 (imported only once a network is wanted)
from ase import Atoms

from mlip.mace_graph import EdgeTable, Layout, Nodes, pair_tensors
from mlip.neighbour_list import find_pairs
from mlip.potential import Session
from mlip.weights import default_dtype

SKIN_A = 0.6


class MaceSession(Session):
    """Session of a MACE network with a neighbour list that outlives many steps.

    Pairs are listed up to the cutoff plus a skin, and listed anew when an atom
    has moved by more than half of the skin or the cell has changed. Before each
    evaluation the pairs beyond the cutoff are dropped, so that the network sees
    exactly the pairs that it would see without a skin.

    Parameters
    ----------
    function
        Energies as a function of pair vectors.
    atoms
        Gives elements and periodic directions.
    nodes
        Its atoms as the network's nodes.
    cutoff
        Cutoff of the network in Å.
    device
        Where the tensors live.
    skin
        Å; a larger one means fewer lists and more pairs to drop.

    """

    def __init__(
        self,
        function: torch.nn.Module,
        atoms: Atoms,
        *,
        nodes: Nodes,
        cutoff: float,
        device: str,
        skin: float = SKIN_A,
    ) -> None:
        self._function = function
        self._atoms = Atoms(atoms.numbers, cell=atoms.cell, pbc=atoms.pbc)
        self._nodes = nodes
        self._cutoff = cutoff
        self._device = device
        self._skin = skin
        self._listed: np.ndarray | None = None
        self._cell = np.zeros((3, 3))
        self.n_lists = 0

    def evaluate(
        self, positions: np.ndarray, cell: np.ndarray, *, stress: bool = True
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """Energy (eV), forces (eV/Å) and stress (eV/Å³); see :class:`Session`."""
        if self._listed is None or self._outdated(positions, cell):
            self._list(positions, cell)
        vectors = positions[self._second_atom] - positions[self._first_atom]
        vectors += self._shifts
        squared = np.einsum("px,px->p", vectors, vectors)
        keep = squared < self._cutoff**2
        vectors = vectors[keep]
        mask = torch.as_tensor(keep, device=self._device)
        dtype = self._nodes.one_hot.dtype
        energies, gradient, forces = pair_gradient(
            self._function,
            torch.as_tensor(vectors, dtype=dtype, device=self._device),
            self._first[mask],
            self._second[mask],
            self._nodes,
            self._table.layout(mask),
        )
        voigt = np.full(6, np.nan)
        if stress:
            self._atoms.cell[:] = cell
            voigt = voigt_stress(vectors, gradient, self._atoms)
        return float(energies[0]), forces, voigt

    def _outdated(self, positions: np.ndarray, cell: np.ndarray) -> bool:
        if not np.array_equal(cell, self._cell):
            return True
        moved = positions - self._listed
        return bool((moved**2).sum(axis=1).max() > (0.5 * self._skin) ** 2)

    def _list(self, positions: np.ndarray, cell: np.ndarray) -> None:
        pairs = find_pairs(
            positions, cell, self._atoms.pbc, cutoff=self._cutoff + self._skin
        )
        self._first_atom, self._second_atom = pairs.first, pairs.second
        self._shifts = pairs.shifts @ np.asarray(cell, dtype=float)
        self._first, self._second = pair_tensors(
            [pairs], self._nodes, n_atoms=[len(self._nodes)], device=self._device
        )
        self._table = EdgeTable(self._first, self._second, n_atoms=len(self._nodes))
        self._listed = np.array(positions)
        self._cell = np.array(cell, dtype=float)
        self.n_lists += 1


def pair_gradient(  # noqa: PLR0917 (the arguments of the function itself)
    function: torch.nn.Module,
    vectors: torch.Tensor,
    first: torch.Tensor,
    second: torch.Tensor,
    nodes: Nodes,
    layout: Layout,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Energies, their gradient by the pair vectors, and the forces.

    Returns
    -------
    tuple
        Energies in eV, shape (n_structures,); gradient in eV/Å, shape
        (n_pairs, 3); forces in eV/Å in the order of the batch, shape (n_atoms, 3).

    """
    vectors = vectors.requires_grad_(True)
    # mace-torch multiplies Python numbers with integer tensors, which rounds to
    # the default precision whatever that of the network is
    with default_dtype(vectors.dtype):
        energies = function(vectors, first, second, nodes, layout)
    gradient = torch.zeros_like(vectors)
    if len(vectors):
        (gradient,) = torch.autograd.grad(energies.sum(), vectors)
    by_node = gradient.new_zeros((len(nodes), 3))
    by_node.index_add_(0, first, gradient).index_add_(0, second, gradient, alpha=-1)
    forces = np.empty((len(nodes), 3))
    forces[nodes.order] = by_node.cpu().numpy()
    return (
        energies.detach().cpu().double().numpy(),
        gradient.cpu().double().numpy(),
        forces,
    )


def voigt_stress(vectors: np.ndarray, gradient: np.ndarray, atoms: Atoms) -> np.ndarray:
    """Stress in eV/Å³ (tensile positive, Voigt), NaN unless fully periodic.

    ``σ = (1/V) Σ_pairs r ⊗ dE/dr``, symmetrised.
    """
    if not atoms.pbc.all():
        return np.full(6, np.nan)
    virial = vectors.T @ gradient
    sigma = 0.5 * (virial + virial.T) / abs(np.linalg.det(atoms.cell.array))
    return np.array(sigma[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]])
