"""One structure under a MACE network, again and again while its atoms move."""

from dataclasses import dataclass

import numpy as np
import torch  # noqa: TID253 (imported only once a network is wanted)
from ase import Atoms

from mlip.mace_graph import Layout, Nodes
from mlip.pair_list import SKIN_A, PairList
from mlip.potential import Session
from mlip.weights import default_dtype


class MaceSession(Session):
    """Session of a MACE network with a neighbour list that outlives many steps.

    Pairs are listed with a skin (:class:`mlip.pair_list.PairList`) and those beyond
    the cutoff are dropped before each evaluation, so that the network sees exactly
    the pairs that it would see without a skin.

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
        self._periodic = bool(atoms.pbc.all())
        self._nodes = nodes
        self._pairs = PairList(
            nodes, atoms.pbc, cutoff=cutoff, device=device, skin=skin
        )

    @property
    def n_lists(self) -> int:
        """How often the pairs were listed."""
        return self._pairs.n_lists

    def evaluate(
        self, positions: np.ndarray, cell: np.ndarray, *, stress: bool = True
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """Energy (eV), forces (eV/Å) and stress (eV/Å³); see :class:`Session`."""
        near = self._pairs.near(positions, cell)
        slopes = differentiate(
            self._function,
            near.vectors.to(self._nodes.one_hot.dtype),
            near.first,
            near.second,
            self._nodes,
            self._pairs.layout(near),
        )
        voigt = np.full(6, np.nan)
        if stress and self._periodic:
            virial = near.vectors.T @ slopes.gradient.double()
            voigt = stress_of_virial(virial.cpu().numpy(), cell)
        return float(slopes.energies[0]), slopes.forces(self._nodes), voigt


@dataclass(frozen=True)
class Slopes:
    """Energies and their derivatives, on the device.

    Parameters
    ----------
    energies
        eV, shape (n_structures,).
    gradient
        Of the summed energy by the pair vectors, eV/Å, shape (n_pairs, 3).
    by_node
        Forces on the sorted atoms, eV/Å, shape (n_atoms, 3).

    """

    energies: torch.Tensor
    gradient: torch.Tensor
    by_node: torch.Tensor

    def forces(self, nodes: Nodes) -> np.ndarray:
        """Give the forces in the order of the batch, eV/Å, shape (n_atoms, 3)."""
        forces = np.empty((len(nodes), 3))
        forces[nodes.order] = self.by_node.cpu().numpy()
        return forces


def differentiate(  # noqa: PLR0917 (the arguments of the function itself)
    function: torch.nn.Module,
    vectors: torch.Tensor,
    first: torch.Tensor,
    second: torch.Tensor,
    nodes: Nodes,
    layout: Layout,
) -> Slopes:
    """Energies of a batch and their derivatives, nothing copied from the device."""
    vectors = vectors.detach().requires_grad_(True)
    # mace-torch multiplies Python numbers with integer tensors, which rounds to
    # the default precision whatever that of the network is
    with default_dtype(vectors.dtype):
        energies = function(vectors, first, second, nodes, layout)
    gradient = torch.zeros_like(vectors)
    if len(vectors):
        (gradient,) = torch.autograd.grad(energies.sum(), vectors)
    by_node = gradient.new_zeros((len(nodes), 3))
    by_node.index_add_(0, first, gradient).index_add_(0, second, gradient, alpha=-1)
    return Slopes(energies.detach(), gradient, by_node)


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
    slopes = differentiate(function, vectors, first, second, nodes, layout)
    return (
        slopes.energies.cpu().double().numpy(),
        slopes.gradient.cpu().double().numpy(),
        slopes.forces(nodes),
    )


def voigt_stress(vectors: np.ndarray, gradient: np.ndarray, atoms: Atoms) -> np.ndarray:
    """Stress in eV/Å³ (tensile positive, Voigt), NaN unless fully periodic.

    ``σ = (1/V) Σ_pairs r ⊗ dE/dr``, symmetrised.
    """
    if not atoms.pbc.all():
        return np.full(6, np.nan)
    return stress_of_virial(vectors.T @ gradient, atoms.cell.array)


def stress_of_virial(virial: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Stress in eV/Å³ (tensile positive, Voigt) from ``Σ_pairs r ⊗ dE/dr`` in eV."""
    sigma = 0.5 * (virial + virial.T) / abs(np.linalg.det(cell))
    return np.array(sigma[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]])
