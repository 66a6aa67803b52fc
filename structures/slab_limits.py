"""What numbers make a slab or an interface: layers, lengths, atoms."""

import math

import numpy as np

from structures.layer_stack import LayerStack
from training_data.errors import InputError

MOST_ATOMS = 5000
LONGEST_A = 1000.0  # of a gap or a vacuum
SLAB_LAYERS = 4


def require_layers(layers: object, *, name: str = "layers") -> None:
    """Refuse what is no number of layers.

    Parameters
    ----------
    layers
        Number of layers.
    name
        What to call it in the message.

    Examples
    --------
    >>> require_layers(2.0)
    Traceback (most recent call last):
    training_data.errors.InputError: layers must be at least 1, an integer; got 2.0.
    Give the number of layers.

    """
    if not (isinstance(layers, (int, np.integer)) and layers >= 1):
        raise InputError(
            f"{name} must be at least 1, an integer; got {layers!r}. Give the number "
            "of layers."
        )


def layers_or_default(
    layers: int | None,
    thickness_A: float | None,
    *,
    default: int = SLAB_LAYERS,
    side: str = "",
) -> int:
    """Layers that are asked for, one way and not two.

    Parameters
    ----------
    layers, thickness_A
        As given; None was not.
    default
        Number where neither is given.
    side
        Beginning of the two names in the message, such as ``"metal_"``.

    Raises
    ------
    InputError
        If both are given, or the one given makes no slab.

    Examples
    --------
    >>> layers_or_default(None, None), layers_or_default(2, None)
    (4, 2)

    """
    if layers is not None and thickness_A is not None:
        raise InputError(
            f"{side}layers and {side}thickness_A must not both be given; got "
            f"{layers!r} and {thickness_A!r}. Leave out one of them."
        )
    if thickness_A is not None and not 0 < thickness_A < math.inf:
        raise InputError(
            f"{side}thickness_A must be positive and finite; got {thickness_A!r}. "
            "Give a height in Å."
        )
    if layers is None:
        return default
    require_layers(layers, name=f"{side}layers")
    return layers


def require_atoms_below(
    stack: LayerStack, layers: int, extra: int, *, max_atoms: int
) -> None:
    """Refuse a slab of too many atoms before it is built.

    Parameters
    ----------
    stack
        Layers that are stacked.
    layers
        Number of complete ones.
    extra
        Atoms on top of them.
    max_atoms
        Largest number of atoms.

    Raises
    ------
    InputError
        If there are more.

    """
    sizes = [len(index) for index, _ in stack.groups]
    repeats, rest = divmod(layers, len(sizes))
    n_atoms = repeats * sum(sizes) + sum(sizes[:rest]) + extra
    if n_atoms > max_atoms:
        raise InputError(
            f"max_atoms must be at least {n_atoms}, the size of a slab of {layers} "
            f"layers; got {max_atoms!r}. Take fewer layers, or raise it."
        )
