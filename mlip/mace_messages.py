"""Messages between atoms: the inner loop of a MACE network, and its gradient.

``M[i, m, c] = sum_{j, n, q} C[n, q, m] w[ij, c] x[j, n, c] Y[ij, q]``

====== =====================================================================
symbol variable
====== =====================================================================
w      radial weight of a pair, path and channel: ``hidden @ radial``
x      ``sent``, feature of the sending atom, components n
Y      ``harmonics``, spherical harmonics of the edge, components q
C      ``Path.coupling``, Clebsch-Gordan coefficients
M      returned, one array per degree of the message, components m
====== =====================================================================

The sum over neighbours j is done first, as one matrix product of harmonics and
``w x`` per receiving atom for all paths that share the harmonics; the coupling
then acts on atoms instead of edges. Atoms are taken in blocks whose arrays stay
in the processor's cache. The gradient is written out because the automatic one
would keep and fill several arrays (edges, channels, components) per path.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch  # noqa: TID253 (imported only once a network is wanted)

from mlip.mace_graph import Layout

_BLOCK_BYTES = 4_000_000  # measured: 2 to 4 MB is best on an EPYC core


@dataclass(frozen=True)
class Path:
    """One path of the tensor product of sender features and harmonics.

    Parameters
    ----------
    degrees
        Degrees of feature, harmonic and message.
    coupling
        Coefficients, shape (2 l_message + 1, (2 l_harmonic + 1)(2 l_feature + 1)).

    """

    degrees: tuple[int, int, int]
    coupling: torch.Tensor


@dataclass(frozen=True)
class Group:
    """Paths that share a harmonic.

    Parameters
    ----------
    harmonic
        Columns of the harmonics.
    paths
        The paths.
    weight
        Columns of the radial weights: path after path, their channels.

    """

    harmonic: slice
    paths: tuple[Path, ...]
    weight: slice


@dataclass(frozen=True)
class Block:
    """Consecutive atoms whose slots are handled together."""

    atoms: slice
    slots: slice


def blocks(layout: Layout, *, n_columns: int, dtype: torch.dtype) -> Iterator[Block]:
    """Atoms in blocks of which an array with `n_columns` per slot fits the cache."""
    n_atoms = len(layout.pair) // layout.width
    step = n_atoms
    if layout.pair.device.type == "cpu":
        row = layout.width * n_columns * dtype.itemsize
        step = max(1, _BLOCK_BYTES // row)
    for begin in range(0, n_atoms, step):
        end = min(n_atoms, begin + step)
        yield Block(slice(begin, end), slice(begin * layout.width, end * layout.width))


class PassMessages(torch.autograd.Function):
    """Sum over neighbours of the paths of one layer, before the coupling.

    Returned is one array per group, shape (n_atoms, 2 l_harmonic + 1, columns),
    whose columns are path, feature component and channel.
    """

    @staticmethod
    def forward(  # noqa: PLR0917 (torch passes by position)
        ctx: Any,  # noqa: ANN401
        hidden: torch.Tensor,
        radial: torch.Tensor,
        harmonics: torch.Tensor,
        groups: tuple[Group, ...],
        degrees: tuple[int, ...],
        layout: Layout,
        *sent: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        """Sum over neighbours.

        Parameters
        ----------
        ctx
            Torch's context.
        hidden
            Last hidden layer of the radial network, shape (n_pairs, n_hidden).
        radial
            Matrix from it to the radial weights, shape (n_hidden, n_weights).
        harmonics
            Harmonics of the slots, shape (n_atoms * width, n_harmonics).
        groups
            The paths.
        degrees
            Degrees of `sent`.
        layout
            Where the edges sit.
        *sent
            Features per degree, shape (n_atoms, 2 l + 1, channels).

        """
        weights = hidden @ radial
        if len(weights) == 0:  # atoms without neighbours: empty slots need a row
            weights = weights.new_zeros((1, weights.shape[1]))
        n_atoms = len(sent[0])
        columns = _columns(groups, degrees, sent)
        sums = [
            hidden.new_empty((n_atoms, group.harmonic.stop - group.harmonic.start, n))
            for group, n in zip(groups, columns, strict=True)
        ]
        for block in blocks(layout, n_columns=sum(columns), dtype=hidden.dtype):
            weight = weights.index_select(0, layout.pair[block.slots])
            at_slots = _at_slots(sent, degrees, layout, block)
            local = harmonics[block.slots].view(-1, layout.width, harmonics.shape[1])
            for group, total in zip(groups, sums, strict=True):
                product = _product(group, weight, at_slots)
                torch.bmm(
                    local[:, :, group.harmonic].transpose(1, 2),
                    product.view(len(local), layout.width, -1),
                    out=total[block.atoms],
                )
        ctx.save_for_backward(weights, radial, harmonics, *sent)
        ctx.groups, ctx.degrees, ctx.layout = groups, degrees, layout
        return tuple(sums)

    @staticmethod
    def backward(
        ctx: Any,  # noqa: ANN401
        *gradients: torch.Tensor,
    ) -> tuple[torch.Tensor | None, ...]:
        """Gradients by hidden layer, harmonics and sent features."""
        weights, radial, harmonics, *sent = ctx.saved_tensors
        layout: Layout = ctx.layout
        groups: tuple[Group, ...] = ctx.groups
        n_slots = len(layout.pair)
        of_weights = weights.new_empty((n_slots, weights.shape[1]))
        of_harmonics = torch.zeros_like(harmonics)
        of_sent = {
            degree: x.new_zeros((n_slots, *x.shape[1:]))
            for degree, x, need in zip(
                ctx.degrees, sent, ctx.needs_input_grad[6:], strict=True
            )
            if need
        }
        n_columns = sum(_columns(groups, ctx.degrees, sent))
        for block in blocks(layout, n_columns=n_columns, dtype=weights.dtype):
            weight = weights.index_select(0, layout.pair[block.slots])
            at_slots = _at_slots(sent, ctx.degrees, layout, block)
            local = harmonics[block.slots].view(-1, layout.width, harmonics.shape[1])
            of_local = of_harmonics[block.slots].view_as(local)
            targets = {degree: x[block.slots] for degree, x in of_sent.items()}
            for group, gradient in zip(groups, gradients, strict=True):
                of_total = gradient[block.atoms]
                product = _product(group, weight, at_slots)
                of_local[:, :, group.harmonic] = torch.bmm(
                    product.view(len(local), layout.width, -1),
                    of_total.transpose(1, 2),
                )
                back = torch.bmm(local[:, :, group.harmonic], of_total)
                _product_gradient(
                    group,
                    back.view(len(weight), -1),
                    weight,
                    at_slots,
                    of_weight=of_weights[block.slots],
                    of_sent=targets,
                )
        of_pairs = of_weights.index_select(0, layout.forward)
        of_pairs += of_weights.index_select(0, layout.backward)
        of_hidden = of_pairs @ radial.T
        returned = [
            _sum_at_senders(of_sent[degree], layout) if degree in of_sent else None
            for degree in ctx.degrees
        ]
        return of_hidden, None, of_harmonics, None, None, None, *returned


def _at_slots(
    sent: tuple[torch.Tensor, ...] | list[torch.Tensor],
    degrees: tuple[int, ...],
    layout: Layout,
    block: Block,
) -> dict[int, torch.Tensor]:
    """Features of the senders of a block's slots, per degree."""
    senders = layout.sender[block.slots]
    return {
        degree: x.index_select(0, senders)
        for degree, x in zip(degrees, sent, strict=True)
    }


def _columns(
    groups: tuple[Group, ...],
    degrees: tuple[int, ...],
    sent: tuple[torch.Tensor, ...] | list[torch.Tensor],
) -> list[int]:
    """Columns of the product of weights and features, per group."""
    size = {
        degree: x.shape[1] * x.shape[2] for degree, x in zip(degrees, sent, strict=True)
    }
    return [sum(size[path.degrees[0]] for path in group.paths) for group in groups]


def _parts(
    group: Group, at_slots: dict[int, torch.Tensor]
) -> Iterator[tuple[int, torch.Tensor, slice, slice]]:
    """Of each path: degree, feature, columns of the product and of the weights."""
    begin, weight_begin = 0, group.weight.start
    for path in group.paths:
        feature = at_slots[path.degrees[0]]
        end = begin + feature.shape[1] * feature.shape[2]
        weight_end = weight_begin + feature.shape[2]
        yield (
            path.degrees[0],
            feature,
            slice(begin, end),
            slice(weight_begin, weight_end),
        )
        begin, weight_begin = end, weight_end


def _product(
    group: Group, weight: torch.Tensor, at_slots: dict[int, torch.Tensor]
) -> torch.Tensor:
    """Weights times features, columns as path, component and channel."""
    parts = list(_parts(group, at_slots))
    product = weight.new_empty((len(weight), parts[-1][2].stop))
    for _, feature, columns, weights in parts:
        torch.mul(
            weight[:, weights].unsqueeze(1),
            feature,
            out=_unfold(product[:, columns], feature),
        )
    return product


def _unfold(columns: torch.Tensor, feature: torch.Tensor) -> torch.Tensor:
    """View of columns as (slots, components, channels)."""
    unfolded: torch.Tensor = columns.unflatten(  # type: ignore[no-untyped-call]
        1, feature.shape[1:]
    )
    return unfolded


def _product_gradient(
    group: Group,
    back: torch.Tensor,
    weight: torch.Tensor,
    at_slots: dict[int, torch.Tensor],
    *,
    of_weight: torch.Tensor,
    of_sent: dict[int, torch.Tensor],
) -> None:
    """Gradient of `_product`, set into `of_weight` and added to `of_sent`."""
    for degree, feature, columns, weights in _parts(group, at_slots):
        part = _unfold(back[:, columns], feature)
        target = of_weight[:, weights]
        torch.mul(part[:, 0], feature[:, 0], out=target)
        for m in range(1, feature.shape[1]):
            target.addcmul_(part[:, m], feature[:, m])
        if degree in of_sent:
            of_sent[degree].addcmul_(part, weight[:, weights].unsqueeze(1))


def _sum_at_senders(at_slots: torch.Tensor, layout: Layout) -> torch.Tensor:
    """Sum over the slots that an atom sends to, through their opposite edges."""
    opposite = at_slots.index_select(0, layout.reverse)
    return opposite.view(-1, layout.width, *at_slots.shape[1:]).sum(1)


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
