"""Layers of a crystal between chosen cuts, stacked to any height."""

import numpy as np
from ase import Atoms

from structures.oriented_crystal import OrientedCrystal
from structures.terminations import Cuts
from training_data.errors import InputError

MOST_LAYERS = 10_000

Layer = tuple[np.ndarray, np.ndarray]
"""Atoms of the repeat (n,), and their positions without a jump along z (n, 3) [Å]."""


class LayerStack:
    """Layers of one repeat between chosen cuts, to be stacked.

    Parameters
    ----------
    oriented
        Crystal in the plane's frame.
    cuts
        Its cuts.
    chosen
        Cuts between two layers, ascending indices.

    """

    def __init__(
        self, oriented: OrientedCrystal, cuts: Cuts, chosen: np.ndarray
    ) -> None:
        self.oriented, self.cuts, self.chosen = oriented, cuts, chosen
        repeat = oriented.repeat
        self.frame = repeat.cell[:]
        self.groups = [
            (index, repeat.positions[index] + turns[:, None] * self.frame[2])
            for index, turns in pieces_between(
                len(repeat), cuts.order, cuts.places[chosen]
            )
        ]
        self.spacing_A = float(oriented.height_A / len(chosen))

    def layer(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Atoms of the repeat in a layer, and their positions in the stack."""
        turn, which = divmod(number, len(self.groups))
        index, shifted = self.groups[which]
        return index, shifted + turn * self.frame[2]

    def layers_for(self, thickness_A: float) -> int:
        """Smallest number of layers that are at least so thick."""
        bottom = self.layer(0)[1][:, 2]
        if thickness_A < np.ptp(bottom) - 1e-9:
            raise InputError(
                f"thickness_A must be at least that of one layer, {np.ptp(bottom):.2f} "
                f"Å; got {thickness_A!r}. Ask for more, or for one layer."
            )
        for layers in range(1, MOST_LAYERS):
            top = self.layer(layers - 1)[1][:, 2].max()
            if top - bottom.min() >= thickness_A - 1e-9:
                return layers
        raise InputError(
            f"thickness_A must be below {MOST_LAYERS} layers; got {thickness_A!r}. "
            "Build a thinner slab."
        )

    def part(self, number: int, end: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
        """Atoms of a layer below the first of the cuts `end`, and which cut it is."""
        index, positions = self.layer(number)
        n_cuts = len(self.cuts.places)
        start = self.chosen[number % len(self.chosen)]
        steps = (end - start) % n_cuts
        nearest = int(end[steps.argmin()])
        # atoms of the planes that follow the starting cut, up to the nearest end
        place = {int(atom): k for k, atom in enumerate(self.cuts.order)}
        after = np.array([place[int(atom)] for atom in index])
        first, last = self.cuts.places[start] + 1, self.cuts.places[nearest] + 1
        n = len(self.cuts.order)
        inside = (after - first) % n < (last - first) % n
        return index[inside], positions[inside], nearest

    def stacked(
        self, parts: list[Layer], *, vacuum_A: float
    ) -> tuple[Atoms, np.ndarray]:
        """Slab of layers on top of each other, and the atoms of the repeat in it."""
        repeat = self.oriented.repeat
        index = np.concatenate([index for index, _ in parts])
        xyz = np.concatenate([positions for _, positions in parts])
        xyz[:, 2] -= xyz[:, 2].min()
        cell = self.frame.copy()
        top = float(np.ptp(xyz[:, 2]))
        own = float(np.ptp(self.groups[0][1][:, 2]))
        cell[2] = (0.0, 0.0, top + self.spacing_A - own + vacuum_A)
        slab = Atoms(repeat.numbers[index], positions=xyz, cell=cell, pbc=True)
        slab.wrap(pbc=(True, True, False), eps=1e-6)
        labels = [np.full(len(part), layer) for layer, (part, _) in enumerate(parts)]
        slab.set_array("layer", np.concatenate(labels).astype(int))
        slab.set_array("site", repeat.arrays["site"][index])
        slab.info["site_names"] = list(repeat.info["site_names"])
        return slab, index


def pieces_between(
    n: int, order: np.ndarray, places: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Atoms between successive cuts, with how often each crossed the boundary.

    Parameters
    ----------
    n
        Number of atoms of the repeat.
    order
        Atoms by height.
    places
        Positions k in ``order``: the cut is above atom ``order[k]``.

    """
    first = int(places[0]) + 1
    rolled = [(first + i) % n for i in range(n)]
    turns = np.array([(first + i) // n for i in range(n)])
    ends = [int((k - first) % n) + 1 for k in places[1:]] + [n]
    pieces, begin = [], 0
    for end in sorted(ends):
        index = order[np.array(rolled[begin:end])]
        pieces.append((index, turns[begin:end]))
        begin = end
    return pieces
