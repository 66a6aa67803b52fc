"""Messages between atoms: the inner loop of a MACE network, and its gradient.

``M[i, m, c] = sum_{j, n, q} C[n, q, m] w[ij, c] x[j, n, c] Y[ij, q]``

====== =================================================================
symbol variable
====== =================================================================
w      ``weights``, radial weight of a pair and channel
x      ``sent``, feature of the sending atom
Y      ``harmonics``, spherical harmonics of the edge
C      ``Path.coupling``, Clebsch-Gordan coefficients
M      returned, one array per degree m of the message
====== =================================================================

Neighbours and components n are contracted together by one matrix product per
receiving atom. The gradient is written out because the automatic one would keep
and fill several arrays of the size (edges, channels, components) per path.
"""

from dataclasses import dataclass
from typing import Any

import torch  # noqa: TID253 (imported only once a network is wanted)

from mlip.mace_graph import Layout


@dataclass(frozen=True)
class Path:
    """One path of the tensor product of sender features and harmonics.

    Parameters
    ----------
    degrees
        Degrees of feature, harmonic and message.
    coupling
        Coefficients, shape (2 l_harmonic + 1, (2 l_feature + 1)(2 l_message + 1)).
    harmonic
        Columns of the harmonics.
    weight
        Columns of the radial weights.

    """

    degrees: tuple[int, int, int]
    coupling: torch.Tensor
    harmonic: slice
    weight: slice


def message_degrees(paths: tuple[Path, ...]) -> tuple[int, ...]:
    """Degrees of the messages of some paths, ascending."""
    return tuple(sorted({path.degrees[2] for path in paths}))


class PassMessages(torch.autograd.Function):
    """Sum over neighbours of every path of one layer."""

    @staticmethod
    def forward(  # noqa: PLR0917 (torch passes by position)
        ctx: Any,  # noqa: ANN401
        weights: torch.Tensor,
        harmonics: torch.Tensor,
        paths: tuple[Path, ...],
        degrees: tuple[int, ...],
        layout: Layout,
        *sent: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        """Messages per degree, the paths side by side in the channels.

        Parameters
        ----------
        ctx
            Torch's context.
        weights
            Radial weights, shape (n_pairs, n_paths * channels).
        harmonics
            Harmonics of the slots, shape (n_atoms * width, n_harmonics).
        paths
            The paths.
        degrees
            Degrees of `sent`.
        layout
            Where the edges sit.
        *sent
            Features per degree, shape (n_atoms, 2 l + 1, channels).

        """
        at_slots = [x.index_select(0, layout.sender) for x in sent]
        messages: dict[int, list[torch.Tensor]] = {}
        for path in paths:
            feature = at_slots[degrees.index(path.degrees[0])]
            product, coupling = _path_operands(
                path, weights, feature, harmonics, layout
            )
            messages.setdefault(path.degrees[2], []).append(
                torch.bmm(coupling.transpose(1, 2), product)
            )
        ctx.save_for_backward(weights, harmonics, *at_slots)
        ctx.paths, ctx.degrees, ctx.layout = paths, degrees, layout
        ctx.n_atoms = len(sent[0])
        return tuple(torch.cat(messages[m], dim=2) for m in message_degrees(paths))

    @staticmethod
    def backward(
        ctx: Any,  # noqa: ANN401
        *gradients: torch.Tensor,
    ) -> tuple[torch.Tensor | None, ...]:
        """Gradients by weights, harmonics and sent features."""
        weights, harmonics, *at_slots = ctx.saved_tensors
        layout: Layout = ctx.layout
        by_degree = dict(zip(message_degrees(ctx.paths), gradients, strict=True))
        used = dict.fromkeys(by_degree, 0)
        of_weights = torch.empty_like(weights)
        of_harmonics = torch.zeros_like(harmonics)
        wanted = ctx.needs_input_grad[5:]
        of_sent = [
            torch.zeros_like(x) if need else None
            for x, need in zip(at_slots, wanted, strict=True)
        ]
        for path in ctx.paths:
            which = ctx.degrees.index(path.degrees[0])
            feature = at_slots[which]
            slots, components, channels = feature.shape
            m = path.degrees[2]
            begin = used[m]
            used[m] = begin + channels
            gradient = by_degree[m][:, :, begin : begin + channels]
            weight = weights[:, path.weight].index_select(0, layout.pair)
            coupling = _coupling(path, harmonics, layout)
            back = torch.bmm(coupling, gradient).view(slots, components, channels)
            at_slot = back[:, 0] * feature[:, 0]
            for n in range(1, components):
                at_slot.addcmul_(back[:, n], feature[:, n])
            torch.add(
                at_slot.index_select(0, layout.forward),
                at_slot.index_select(0, layout.backward),
                out=of_weights[:, path.weight],
            )
            product = (weight.unsqueeze(1) * feature).view(ctx.n_atoms, -1, channels)
            of_coupling = torch.bmm(product, gradient.transpose(1, 2))
            of_harmonics[:, path.harmonic].addmm_(
                of_coupling.view(slots, -1), path.coupling.T
            )
            target = of_sent[which]
            if target is not None:
                target.addcmul_(back, weight.unsqueeze(1))
        returned = [
            None if x is None else _sum_at_senders(x, layout, n_atoms=ctx.n_atoms)
            for x in of_sent
        ]
        return of_weights, of_harmonics, None, None, None, *returned


class SlotHarmonics(torch.autograd.Function):
    """Harmonics of the slots: of the pair, of its inverse, or zero."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        harmonics: torch.Tensor,
        parity: torch.Tensor,
        layout: Layout,
    ) -> torch.Tensor:
        """Harmonics (n_slots, n) from those of the pairs (n_pairs, n)."""
        ctx.layout = layout
        ctx.save_for_backward(parity)
        zero = harmonics.new_zeros((1, harmonics.shape[1]))
        stacked = torch.cat([harmonics, harmonics * parity, zero])
        return stacked.index_select(0, layout.harmonics)

    @staticmethod
    def backward(
        ctx: Any,  # noqa: ANN401
        gradient: torch.Tensor,
    ) -> tuple[torch.Tensor, None, None]:
        """Gradient by the harmonics of the pairs."""
        (parity,) = ctx.saved_tensors
        back = gradient.index_select(0, ctx.layout.backward).mul_(parity)
        return back.add_(gradient.index_select(0, ctx.layout.forward)), None, None


def _path_operands(
    path: Path,
    weights: torch.Tensor,
    feature: torch.Tensor,
    harmonics: torch.Tensor,
    layout: Layout,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Two factors whose product sums over neighbours and feature components."""
    channels = feature.shape[2]
    weight = weights[:, path.weight].index_select(0, layout.pair)
    product = weight.unsqueeze(1) * feature
    n_atoms = len(layout.pair) // layout.width
    return product.view(n_atoms, -1, channels), _coupling(path, harmonics, layout)


def _coupling(path: Path, harmonics: torch.Tensor, layout: Layout) -> torch.Tensor:
    """Harmonics times coefficients, (n_atoms, width * components, m components)."""
    components, m_components = 2 * path.degrees[0] + 1, 2 * path.degrees[2] + 1
    coupling = harmonics[:, path.harmonic] @ path.coupling
    return coupling.view(-1, layout.width * components, m_components)


def _sum_at_senders(
    at_slots: torch.Tensor, layout: Layout, *, n_atoms: int
) -> torch.Tensor:
    """Sum over the slots that an atom sends to, through their opposite edges."""
    opposite = at_slots.index_select(0, layout.reverse)
    return opposite.view(n_atoms, layout.width, *at_slots.shape[1:]).sum(1)
