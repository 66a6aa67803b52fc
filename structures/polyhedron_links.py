"""Links between polyhedra that have ligands in common."""

from dataclasses import dataclass

import numpy as np

from structures.bonds import Bonds

KINDS = ("corner", "edge", "face")
EDGE, FACE = 2, 3  # ligands in common


@dataclass(frozen=True, kw_only=True)
class Link:
    """Two polyhedra with ligands in common.

    Parameters
    ----------
    first, second
        Atoms at the centres.
    shift
        Lattice translation of the second.
    n_shared
        Ligands in common: 1 a corner, 2 an edge, 3 and more a face.
    distance_A
        From centre to centre [Å].

    """

    first: int
    second: int
    shift: tuple[int, int, int]
    n_shared: int
    distance_A: float

    @property
    def kind(self) -> str:
        """``"corner"``, ``"edge"`` or ``"face"``."""
        return KINDS[min(self.n_shared, FACE) - 1]


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Number of links of each kind between two kinds of polyhedra, per cell.

    Parameters
    ----------
    corner, edge, face
        Links with one, two, and three or more ligands in common. Each is counted
        once: rock salt has six edges per formula unit, though every octahedron has
        twelve neighbours across an edge.

    """

    corner: int
    edge: int
    face: int

    def to_json(self) -> dict[str, int]:
        """Return the counts by kind."""
        return {"corner": self.corner, "edge": self.edge, "face": self.face}


def shared_ligands(
    bonds: Bonds,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Links between centres, from the ligands that they have in common.

    Parameters
    ----------
    bonds
        Bonds from centres to ligands.

    Returns
    -------
    tuple
        First and second centre of each link, shape (n_links,), lattice translation of
        the second, shape (n_links, 3), and ligands in common, shape (n_links,).

    """
    order = np.argsort(bonds.ligand, kind="stable")
    ligand, centre = bonds.ligand[order], bonds.centre[order]
    # with the ligand in the home cell its centres are at minus the bond's shift
    images = -bonds.shifts[order]
    start = np.searchsorted(ligand, ligand)
    per_ligand = np.searchsorted(ligand, ligand, side="right") - start
    one = np.repeat(np.arange(len(ligand)), per_ligand)
    begin = np.cumsum(per_ligand) - per_ligand
    other = start[one] + np.arange(len(one)) - begin[one]
    shift = images[other] - images[one]
    a, b = centre[one], centre[other]
    x, y, z = shift.T
    ahead = (x > 0) | ((x == 0) & ((y > 0) | ((y == 0) & (z > 0))))
    once = (a < b) | ((a == b) & ahead)
    rows = np.column_stack([a, b, shift])[once]
    if len(rows) == 0:
        empty = np.zeros(0, dtype=int)
        return empty, empty, np.zeros((0, 3), dtype=int), empty
    links, counts = np.unique(rows, axis=0, return_counts=True)
    return links[:, 0], links[:, 1], links[:, 2:], counts
