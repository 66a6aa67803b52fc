"""Energy of a MACE network by its own forward call."""

import torch  # noqa: TID253 (imported only once a network is wanted)

from mlip.mace_graph import Layout, Nodes


class PlainMace(torch.nn.Module):
    """Energies as a function of pair vectors, through mace-torch's own forward.

    Used for networks that :class:`mlip.mace_kernel.MaceKernel` does not cover,
    and as what that one is checked against.

    Parameters
    ----------
    model
        A mace-torch network with one head.

    """

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        vectors: torch.Tensor,
        first: torch.Tensor,
        second: torch.Tensor,
        nodes: Nodes,
        layout: Layout | None = None,
    ) -> torch.Tensor:
        """Energy of each structure in eV, shape (n_structures,).

        Parameters
        ----------
        vectors
            Vectors from first to second atom of each pair in Å, shape (n_pairs, 3).
        first, second
            Atoms of the pairs, shape (n_pairs,).
        nodes
            The atoms.
        layout
            Not used.

        """
        del layout
        zeros = vectors.new_zeros((len(nodes), 3))
        ends = torch.searchsorted(
            torch.sort(nodes.structure).values,
            torch.arange(nodes.n_structures + 1, device=vectors.device),
        )
        answer = self.model(
            {
                "positions": zeros,
                "cell": vectors.new_zeros((3 * nodes.n_structures, 3)),
                "node_attrs": nodes.one_hot,
                "edge_index": torch.stack(
                    [torch.cat([first, second]), torch.cat([second, first])]
                ),
                "shifts": torch.cat([vectors, -vectors]),
                "batch": nodes.structure,
                "ptr": ends,
            },
            compute_force=False,
        )
        energy: torch.Tensor = answer["energy"]
        return energy
