"""Weights of MACE's blocks as plain matrices, and the blocks computed from them.

Each matrix is found by giving the block unit vectors and reading what comes
out, so that no normalisation convention of e3nn is repeated here. A linear
equivariant map of irreps acts on the channels alone (Schur's lemma), hence one
matrix (channels in, channels out) per degree l describes it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch  # noqa: TID253 (imported only once a network is wanted)

from mlip.mace_graph import Layout, Nodes
from mlip.mace_messages import Group, PassMessages, Path

Features = dict[int, torch.Tensor]  # degree l -> (n_atoms, 2 l + 1, channels)


class UnsupportedNetworkError(ValueError):
    """A network that has a part which the rearranged kernel does not cover."""


@dataclass(frozen=True)
class Interaction:
    """Message passing of one layer.

    Parameters
    ----------
    up
        Matrix per degree on the features before the product.
    radial
        Matrix from the hidden layer of the radial network to the weights of
        the paths, shape (n_hidden, n_weights).
    groups
        Paths of the tensor product, by harmonic.
    down
        Matrix per degree and path on the messages, divided by the average
        number of neighbours; in the order in which `groups` gives the paths.
    skip
        Matrix per element and degree.
    residual
        Whether `skip` acts on the incoming features and is added after the
        product (True), or acts on the message (False).

    """

    up: Mapping[int, torch.Tensor]
    radial: torch.Tensor
    groups: tuple[Group, ...]
    down: Mapping[int, torch.Tensor]
    skip: tuple[Mapping[int, torch.Tensor], ...]
    residual: bool

    def __call__(
        self,
        features: Features,
        hidden: torch.Tensor,
        harmonics: torch.Tensor,
        nodes: Nodes,
        layout: Layout,
    ) -> tuple[torch.Tensor, Features]:
        """Messages (n_atoms, components, channels), and what bypasses the product."""
        degrees = tuple(degree for degree in self.up if degree in features)
        sent = [features[degree] @ self.up[degree] for degree in degrees]
        sums = PassMessages.apply(  # type: ignore[no-untyped-call]
            hidden, self.radial, harmonics, self.groups, degrees, layout, *sent
        )
        messages: dict[int, list[torch.Tensor]] = {}
        for group, total in zip(self.groups, sums, strict=True):
            sizes = [(2 * p.degrees[0] + 1) * sent[0].shape[2] for p in group.paths]
            for path, part in zip(
                group.paths, torch.split(total, sizes, dim=2), strict=True
            ):
                flat = part.reshape(len(nodes), path.coupling.shape[1], -1)
                messages.setdefault(path.degrees[2], []).append(path.coupling @ flat)
        summed = {
            degree: torch.cat(parts, dim=2) @ self.down[degree]
            for degree, parts in sorted(messages.items())
        }
        if self.residual:
            kept = apply_by_species(features, self.skip, nodes)
        else:
            summed, kept = apply_by_species(summed, self.skip, nodes), {}
        return torch.cat([x for _, x in sorted(summed.items())], dim=1), kept


@dataclass(frozen=True)
class Product:
    """Symmetric contraction of the messages, and the linear map after it.

    Parameters
    ----------
    couplings
        Per element, and per order from the highest to the first: coefficients
        times weights, shape (channels, components, rows) with
        rows = output components x components^(order - 1).
    degrees
        Degrees of the output, in the order of its components.
    linear
        Matrix per degree after the contraction.
    uses_bypass
        Whether what bypassed the product is added.

    """

    couplings: tuple[tuple[torch.Tensor, ...], ...]
    degrees: tuple[int, ...]
    linear: Mapping[int, torch.Tensor]
    uses_bypass: bool

    def __call__(
        self, messages: torch.Tensor, bypass: Features, nodes: Nodes
    ) -> Features:
        """Features per degree after the contraction."""
        contracted = []
        for x, couplings in zip(
            torch.split(messages, list(nodes.counts)), self.couplings, strict=True
        ):
            if len(x) == 0:
                continue
            by_channel = x.permute(2, 0, 1).contiguous()
            channels, n, components = by_channel.shape
            value = torch.bmm(by_channel, couplings[0])
            for coupling in couplings[1:]:
                value = value + coupling.view(channels, 1, -1)
                value = value.view(channels, n, -1, components)
                value = (value * by_channel.unsqueeze(2)).sum(3)
            contracted.append(value.permute(1, 2, 0))
        joined = torch.cat(contracted)
        features, begin = {}, 0
        for degree in self.degrees:
            end = begin + 2 * degree + 1
            features[degree] = joined[:, begin:end] @ self.linear[degree]
            if self.uses_bypass and degree in bypass:
                features[degree] = features[degree] + bypass[degree]
            begin = end
        return features


def apply_by_species(
    features: Features, matrices: tuple[Mapping[int, torch.Tensor], ...], nodes: Nodes
) -> Features:
    """Product of the features with the matrix of each atom's element."""
    return {
        degree: torch.cat(
            [
                part @ of_species[degree]
                for part, of_species in zip(
                    torch.split(x, list(nodes.counts)), matrices, strict=True
                )
                if len(part)
            ]
        )
        for degree, x in features.items()
        if degree in matrices[0]
    }


def read_interaction(block: Any) -> Interaction:  # noqa: ANN401
    """Matrices of a mace-torch interaction block."""
    kinds = {
        "RealAgnosticInteractionBlock": False,
        "RealAgnosticResidualInteractionBlock": True,
    }
    kind = type(block).__name__
    if kind not in kinds:
        raise UnsupportedNetworkError(kind)
    residual = kinds[kind]
    linear = block.linear
    radial, groups, order = _read_groups(block)
    down = {
        degree: torch.cat(
            [torch.split(matrix, matrix.shape[1])[k] for k in order[degree]]
        )
        / block.avg_num_neighbors
        for degree, matrix in _matrices(
            linear, linear.irreps_in, linear.irreps_out
        ).items()
    }
    n_species = block.node_attrs_irreps.dim
    skip = []
    for species in range(n_species):

        def skipped(x: torch.Tensor, species: int = species) -> torch.Tensor:
            attributes = x.new_zeros((len(x), n_species))
            attributes[:, species] = 1.0
            answer: torch.Tensor = block.skip_tp(x, attributes)
            return answer

        skip.append(
            _matrices(
                skipped, block.skip_tp.irreps_in1, block.skip_tp.irreps_out, like=block
            )
        )
    return Interaction(
        up=_matrices(
            block.linear_up, block.linear_up.irreps_in, block.linear_up.irreps_out
        ),
        radial=radial,
        groups=groups,
        down=down,
        skip=tuple(skip),
        residual=residual,
    )


def read_product(block: Any) -> Product:  # noqa: ANN401
    """Coefficients of a mace-torch product block."""
    if block.use_agnostic_product:
        raise UnsupportedNetworkError("agnostic product")
    contractions = list(block.symmetric_contractions.contractions)
    n_species = contractions[0].weights_max.shape[0]
    couplings = []
    for species in range(n_species):
        orders = []
        for nu in range(contractions[0].correlation, 0, -1):
            parts = [_coupling(c, nu, species) for c in contractions]
            orders.append(torch.cat(parts, dim=1).flatten(1, -2).transpose(1, 2))
        orders = [
            orders[0].contiguous(),
            *(o.transpose(1, 2).contiguous() for o in orders[1:]),
        ]
        couplings.append(tuple(orders))
    irreps = block.linear.irreps_in
    return Product(
        couplings=tuple(couplings),
        degrees=tuple(ir.l for _, ir in irreps),
        linear=_matrices(block.linear, irreps, block.linear.irreps_out),
        uses_bypass=bool(block.use_sc),
    )


def _coupling(contraction: Any, nu: int, species: int) -> torch.Tensor:  # noqa: ANN401
    """Coefficients times weights, shape (channels, outputs, components, ...)."""
    coefficients = contraction.U_tensors(nu)
    if coefficients.dim() == nu + 1:  # a scalar output has no component axis
        coefficients = coefficients.unsqueeze(0)
    index = contraction.correlation - nu
    weights = contraction.weights_max if index == 0 else contraction.weights[index - 1]
    return torch.einsum("...k,kc->c...", coefficients, weights[species]).detach()


def _read_groups(
    block: Any,  # noqa: ANN401
) -> tuple[torch.Tensor, tuple[Group, ...], dict[int, list[int]]]:
    """Radial matrix, paths by harmonic, and per degree the rank of each message.

    The coupling of a path is read off from unit vectors. Its message lies at
    some place among the messages of one degree, on which the linear map that
    follows depends.
    """
    product = block.conv_tp
    harmonics = product.irreps_in2.slices()
    last = block.conv_tp_weights[-1]
    radial = last(torch.eye(block.conv_tp_weights.hs[-2]).to(last.weight)).detach()
    starts = [0]
    for instruction in product.instructions:
        if instruction.connection_mode != "uvu":
            raise UnsupportedNetworkError(instruction.connection_mode)
        starts.append(starts[-1] + product.irreps_in1[instruction.i_in1].mul)
    ranks: dict[int, list[int]] = {}
    for index in range(len(product.irreps_out)):
        ranks.setdefault(product.irreps_out[index].ir.l, []).append(index)
    groups, kept = [], []
    begin = 0
    order: dict[int, list[int]] = {}
    for which, harmonic in enumerate(harmonics):
        paths = []
        for index, instruction in enumerate(product.instructions):
            if instruction.i_in2 != which:
                continue
            path = _read_path(product, index, weight=starts[index])
            paths.append(path)
            kept.append(radial[:, starts[index] : starts[index + 1]])
            degree = path.degrees[2]
            order.setdefault(degree, []).append(ranks[degree].index(instruction.i_out))
        end = sum(k.shape[1] for k in kept)
        if paths:
            groups.append(Group(harmonic, tuple(paths), slice(begin, end)))
        begin = end
    return torch.cat(kept, dim=1), tuple(groups), order


def _read_path(product: Any, index: int, *, weight: int) -> Path:  # noqa: ANN401
    """One path of a tensor product; `weight` is the column of its first weight."""
    instruction = product.instructions[index]
    ir1 = product.irreps_in1[instruction.i_in1].ir
    ir2 = product.irreps_in2[instruction.i_in2].ir
    ir3 = product.irreps_out[instruction.i_out].ir
    start1 = product.irreps_in1.slices()[instruction.i_in1].start
    start2 = product.irreps_in2.slices()[instruction.i_in2].start
    start3 = product.irreps_out.slices()[instruction.i_out].start
    reference = next(b for b in product.buffers() if b.is_floating_point())
    n = ir2.dim * ir1.dim
    x = reference.new_zeros((n, product.irreps_in1.dim))
    y = reference.new_zeros((n, product.irreps_in2.dim))
    for row in range(n):
        y[row, start2 + row // ir1.dim] = 1.0
        x[row, start1 + row % ir1.dim] = 1.0
    weights = reference.new_zeros((n, product.weight_numel))
    weights[:, weight] = 1.0
    out = product(x, y, weights)[:, start3 : start3 + ir3.dim]
    return Path(
        degrees=(ir1.l, ir2.l, ir3.l), coupling=out.T.detach().clone().contiguous()
    )


def _matrices(
    function: Callable[[torch.Tensor], torch.Tensor],
    irreps_in: Any,  # noqa: ANN401
    irreps_out: Any,  # noqa: ANN401
    *,
    like: torch.nn.Module | None = None,
) -> dict[int, torch.Tensor]:
    """Matrix (channels in, channels out) of an equivariant linear map, per degree."""
    module: Any = function if like is None else like
    reference = next(p for p in module.parameters() if p.is_floating_point())
    matrices = {}
    columns_out = dict(_first_components(irreps_out))
    for degree, columns in _first_components(irreps_in):
        if degree not in columns_out:
            continue
        unit = reference.new_zeros((len(columns), irreps_in.dim))
        unit[torch.arange(len(columns)), columns] = 1.0
        matrices[degree] = function(unit)[:, columns_out[degree]].detach().clone()
    return matrices


def _first_components(irreps: Any) -> list[tuple[int, list[int]]]:  # noqa: ANN401
    """Column of the first component of every channel, by degree."""
    columns: dict[int, list[int]] = {}
    parities: dict[int, int] = {}
    for (_, ir), where in zip(irreps, irreps.slices(), strict=True):
        if parities.setdefault(ir.l, ir.p) != ir.p:
            raise UnsupportedNetworkError("two parities of one degree")
        columns.setdefault(ir.l, []).extend(range(where.start, where.stop, ir.dim))
    return sorted(columns.items())
