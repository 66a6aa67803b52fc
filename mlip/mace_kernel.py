"""The MACE network in an order that suits a processor.

The function is that of mace-torch's ``ScaleShiftMACE``, to rounding; only the
order of the sums differs:

- everything radial (Bessel functions, the network behind the weights of the
  tensor product, pair repulsion) depends on the distance alone and is computed
  once per pair instead of once per directed edge;
- the sum over neighbours and the sum over Clebsch-Gordan coefficients are one
  matrix product per atom and path, so that no array of shape
  (edges, channels, components) is formed after the product and none is
  scattered;
- weights that depend on the element are multiplied into the coupling
  coefficients beforehand, and atoms are grouped by element;
- the gradient is taken by the pair vectors, from which forces and stress follow.

"""

from typing import Any

import torch  # noqa: TID253 (imported only once a network is wanted)

from mlip.mace_graph import Layout, Nodes
from mlip.mace_messages import SlotHarmonics
from mlip.mace_weights import (
    Interaction,
    Product,
    UnsupportedNetworkError,
    read_interaction,
    read_product,
)

_MOST_SPECIES = 12


class MaceKernel(torch.nn.Module):
    """Energies as a function of pair vectors, rearranged from a MACE network.

    Parameters
    ----------
    model
        A ``ScaleShiftMACE`` with one head and the interaction blocks
        ``RealAgnosticInteractionBlock`` and ``RealAgnosticResidualInteractionBlock``.

    Raises
    ------
    UnsupportedNetworkError
        When the network has a part that is not covered; use
        :class:`mlip.mace_plain.PlainMace` then.

    """

    def __init__(self, model: Any) -> None:  # noqa: ANN401 (mace ships no types)
        super().__init__()
        _check_supported(model)
        self.model = model
        self.layers: list[tuple[Interaction, Product]] = [
            (read_interaction(interaction), read_product(product))
            for interaction, product in zip(
                model.interactions, model.products, strict=True
            )
        ]
        degrees = [ir.l for _, ir in model.spherical_harmonics.irreps_out]
        signs = [(-1.0) ** degree for degree in degrees for _ in range(2 * degree + 1)]
        like: torch.Tensor = model.atomic_energies_fn.atomic_energies
        self._parity = torch.tensor(signs, dtype=like.dtype, device=like.device)

    def forward(
        self,
        vectors: torch.Tensor,
        first: torch.Tensor,
        second: torch.Tensor,
        nodes: Nodes,
        layout: Layout,
    ) -> torch.Tensor:
        """Energy of each structure in eV, shape (n_structures,).

        Parameters
        ----------
        vectors
            Vectors from first to second atom of each pair in Å, shape (n_pairs, 3).
        first, second
            Atoms of the pairs, shape (n_pairs,).
        nodes
            The atoms, sorted by element.
        layout
            Where the edges of the pairs sit.

        """
        model: Any = self.model
        lengths = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
        radial_arguments = (
            lengths,
            nodes.one_hot,
            torch.stack([first, second]),
            model.atomic_numbers,
        )
        radial, cutoff = model.radial_embedding(*radial_arguments)
        harmonics = SlotHarmonics.apply(  # type: ignore[no-untyped-call]
            model.spherical_harmonics(vectors), self._parity, layout
        )
        heads = torch.zeros_like(nodes.species)
        features = {0: model.node_embedding(nodes.one_hot).unsqueeze(1)}
        atomic = torch.zeros_like(nodes.one_hot[:, 0])
        for (interaction, product), block, readout in zip(
            self.layers, model.interactions, model.readouts, strict=True
        ):
            hidden = radial
            for layer in list(block.conv_tp_weights)[:-1]:
                hidden = layer(hidden)
            if cutoff is not None:
                hidden = hidden * cutoff
            messages, kept = interaction(features, hidden, harmonics, nodes, layout)
            features = product(messages, kept, nodes)
            atomic = atomic + readout(_flat(features), heads).squeeze(-1)
        if hasattr(model, "pair_repulsion_fn"):
            # each pair stands for two edges, of which the function sees one
            atomic = atomic + 2.0 * model.pair_repulsion_fn(*radial_arguments)
        atomic = model.scale_shift(atomic, heads)
        atomic = atomic + model.atomic_energies_fn(nodes.one_hot).squeeze(-1)
        energies: torch.Tensor = atomic.new_zeros(nodes.n_structures)
        return energies.index_add(0, nodes.structure, atomic)


def _flat(features: dict[int, torch.Tensor]) -> torch.Tensor:
    """Features in e3nn's layout: by degree, then channel, then component."""
    return torch.cat(
        [x.transpose(1, 2).flatten(1) for _, x in sorted(features.items())], dim=1
    )


def _check_supported(model: Any) -> None:  # noqa: ANN401
    if type(model).__name__ != "ScaleShiftMACE":
        raise UnsupportedNetworkError(type(model).__name__)
    if len(model.heads) != 1:
        raise UnsupportedNetworkError("several heads")
    if len(model.atomic_numbers) > _MOST_SPECIES:
        raise UnsupportedNetworkError("many elements")
    if len(model.readouts) != len(model.interactions):
        raise UnsupportedNetworkError("readout of the last layer only")
    for name in ("joint_embedding", "embedding_readout"):
        if hasattr(model, name):
            raise UnsupportedNetworkError(name)
