"""The elements of a network: more than it was trained on, or fewer.

Where a network depends on the element it does so through a table with one row per
element: the embedding, the self-connection and the weights of the symmetric
contraction.  A new element begins with a copy of the rows of one that the network
knows; what it does with neighbours and distances is shared by all elements anyway.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch  # noqa: TID253 (imported only once a network is wanted)
from ase.data import atomic_numbers, chemical_symbols

from mlip.mace_import import import_mace
from mlip.mace_model import build_mace
from mlip.weights import default_dtype
from training_data.errors import InputError


def choose_origins(
    wanted: Sequence[str],
    *,
    known: Sequence[str],
    given: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Element whose weights each new element begins with.

    Parameters
    ----------
    wanted
        Symbols that the network shall know.
    known
        Symbols that it knows.
    given
        Choices of the user, {new symbol: known symbol}; the others take the known
        element that is nearest on Pettifor's scale.

    Returns
    -------
    dict
        {new symbol: known symbol}, by atomic number; empty when nothing is new.

    Raises
    ------
    InputError
        A choice for an element that is not new, or from one that is not known.

    Notes
    -----
    Pettifor's scale (his Mendeleev number) orders the elements such that those
    that replace each other in structure types stand side by side: Zr 49, Hf 50.

    References
    ----------
    D. G. Pettifor, Solid State Commun. 51, 31 (1984),
    doi:10.1016/0038-1098(84)90765-8.

    Examples
    --------
    >>> choose_origins(["Li", "Hf", "Br"], known=["Li", "Cl", "Zr"])
    {'Br': 'Cl', 'Hf': 'Zr'}

    """
    choices = {} if given is None else dict(given)
    new = sorted(set(wanted) - set(known), key=lambda symbol: atomic_numbers[symbol])
    wrong = {n: o for n, o in choices.items() if n not in new or o not in known}
    if wrong:
        message = (
            "new_elements must name elements of the data that the starting model "
            f"lacks, {new!r}, with one that it knows, {sorted(known)!r}; got "
            f"{wrong!r}. Give e.g. {{Hf: Zr}}, or leave it out: the chemically "
            "nearest is taken."
        )
        raise InputError(message)
    if not new:
        return {}
    from pymatgen.core import Element  # noqa: PLC0415 (slow, and rarely wanted)

    place = {s: float(Element(s).mendeleev_no) for s in (*new, *known)}
    return {
        symbol: choices.get(symbol)
        or min(known, key=lambda k: (abs(place[k] - place[symbol]), atomic_numbers[k]))
        for symbol in new
    }


def with_elements(
    architecture: Mapping[str, Any],
    tensors: Mapping[str, torch.Tensor],
    *,
    symbols: Sequence[str],
    origins: Mapping[str, str],
) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    r"""Network for other elements, the same function of those that stay.

    Parameters
    ----------
    architecture
        Description of the network (:func:`mlip.mace_model.describe_architecture`).
    tensors
        Its parameters and buffers.
    symbols
        Elements of the result.
    origins
        {new symbol: known symbol} for those that it lacks.

    Returns
    -------
    tuple
        Architecture and tensors of the result. A new element has the reference
        energy of its origin.

    Raises
    ------
    InputError
        A part of the network that depends on the element in an unknown way.

    Notes
    -----
    e3nn divides what enters a linear map by the root of the number of channels,
    elements included, so that copied rows are multiplied by
    :math:`\sqrt{n_\mathrm{new} / n_\mathrm{old}}`: the elements that stay keep their
    energies up to rounding. The short-range repulsion takes the true nuclear charge.

    """
    before = [chemical_symbols[number] for number in architecture["atomic_numbers"]]
    after = sorted(set(symbols), key=lambda symbol: atomic_numbers[symbol])
    rows = [before.index(origins.get(symbol, symbol)) for symbol in after]
    changed = {
        **architecture,
        "atomic_numbers": [atomic_numbers[symbol] for symbol in after],
        "atomic_energies": [architecture["atomic_energies"][row] for row in rows],
    }
    import_mace()
    dtype = next(value.dtype for value in tensors.values() if value.is_floating_point())
    random_state = torch.get_rng_state()
    with default_dtype(dtype):
        old, new = build_mace(architecture), build_mace(changed)
    torch.set_rng_state(random_state)
    old.load_state_dict(dict(tensors), strict=True)
    state = _move_rows(old, new, rows)
    left = [name for name, value in new.state_dict().items() if name not in state]
    if left:
        message = (
            "start_from must be a MACE network whose dependence on the element is "
            f"known; got {left!r} beside it. Train from scratch."
        )
        raise InputError(message)
    return changed, state


def _move_rows(old: Any, new: Any, rows: list[int]) -> dict[str, torch.Tensor]:  # noqa: ANN401
    """Tensors of the new network; those that could not be filled are missing."""
    from e3nn import o3  # noqa: PLC0415

    source, target = old.state_dict(), new.state_dict()
    state = {
        name: source[name].clone()
        for name in target
        if name in source and source[name].shape == target[name].shape
    }
    state["atomic_numbers"] = target["atomic_numbers"].clone()
    energies = "atomic_energies_fn.atomic_energies"
    state[energies] = target[energies].clone()
    others = dict(new.named_modules())
    for name, module in old.named_modules():
        key, other = f"{name}.weight", others.get(name)
        if name == "node_embedding.linear" or (
            isinstance(module, o3.FullyConnectedTensorProduct)
            and module.irreps_in2.dim == len(source["atomic_numbers"])
        ):
            state[key] = _move_map(module, other, source[key], rows)
        elif type(module).__name__ == "Contraction":
            for part in ("weights_max", *(f"weights.{i}" for i in range(8))):
                if f"{name}.{part}" in source:
                    state[f"{name}.{part}"] = source[f"{name}.{part}"][rows].clone()
    return state


def _move_map(
    old: Any,  # noqa: ANN401
    new: Any,  # noqa: ANN401
    weight: torch.Tensor,
    rows: list[int],
) -> torch.Tensor:
    """Flat weights of an e3nn map whose last but one axis is the element."""
    parts, begin = [], 0
    for instruction, wider in zip(old.instructions, new.instructions, strict=True):
        shape = tuple(instruction.path_shape)
        end = begin + int(torch.tensor(shape).prod())
        part = weight[begin:end].reshape(shape).index_select(-2, torch.tensor(rows))
        scale = float(instruction.path_weight) / float(wider.path_weight)
        parts.append((part * scale).reshape(-1))
        begin = end
    return torch.cat(parts)
