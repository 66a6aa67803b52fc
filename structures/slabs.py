"""Slabs of complete layers: layered crystals are never cut inside a layer."""

import warnings
from dataclasses import dataclass

import numpy as np
import spglib
from ase import Atoms

from training_data.errors import InputError

PLANE_TOLERANCE_A = 0.3
EQUAL_GAP_TOLERANCE_A = 0.05
OPEN_GAP_RATIO = 1.3
SYMMETRY_A = 1e-3


@dataclass(frozen=True, kw_only=True)
class Slab:
    """Stack of complete layers on its primitive in-plane cell.

    Parameters
    ----------
    atoms
        Slab at z >= 0 in a lower-triangular cell whose third vector is the normal;
        ``arrays["layer"]`` counts layers from the bottom.
    miller
        Plane, in indices of the crystal that was given.
    n_layers
        Number of complete layers.
    layer_spacing_A
        Mean distance of equivalent planes of successive layers [Å].
    thickness_A
        Distance between the outermost atomic planes [Å].
    area_A2
        Area of the in-plane cell [Å²].

    """

    atoms: Atoms
    miller: tuple[int, int, int]
    n_layers: int
    layer_spacing_A: float
    thickness_A: float
    area_A2: float

    def to_json(self) -> dict[str, object]:
        """Numbers of the slab, without its atoms."""
        return {
            "formula": self.atoms.get_chemical_formula(mode="metal"),
            "n_atoms": len(self.atoms),
            "miller": list(self.miller),
            "n_layers": self.n_layers,
            "layer_spacing_A": self.layer_spacing_A,
            "thickness_A": self.thickness_A,
            "area_A2": self.area_A2,
        }


def slab_thickness(atoms: Atoms) -> float:
    """Distance between the outermost atomic planes along z [Å].

    Parameters
    ----------
    atoms
        Structure that does not cross the cell boundary along z.

    Examples
    --------
    >>> slab_thickness(Atoms("Li2", positions=[(0, 0, 1), (0, 3, 4.5)]))
    3.5

    """
    return float(np.ptp(atoms.positions[:, 2]))


def build_slab(
    crystal: Atoms,
    *,
    miller: tuple[int, int, int] = (0, 0, 1),
    layers: int = 4,
    vacuum_A: float = 0.0,
) -> Slab:
    """Slab of complete layers parallel to a lattice plane.

    The crystal is cut at its widest interlayer gap, so a layer such as Cl-M-Cl of
    Li2ZrCl6 or a single plane of a metal stays whole.

    Parameters
    ----------
    crystal
        Periodic crystal in any cell; it need not be primitive.
    miller
        Plane (h, k, l) in the cell that is given.
    layers
        Number of layers.
    vacuum_A
        Empty height above the slab [Å], added to one layer spacing minus the layer's
        own thickness; 0 makes a periodic stack when the stacking closes.

    Returns
    -------
    Slab
        Slab with its bottom plane at z = 0.

    Raises
    ------
    InputError
        If the crystal is not periodic, the indices are all zero, fewer than one
        layer is asked for or the vacuum is negative.

    Notes
    -----
    One repeat along the normal has the height d = 1/|g| of the primitive lattice.
    Planes closer than 0.3 Å count as one. The repeat is cut at its widest gap. It is
    cut at every gap within 0.05 Å of it when the pieces have one composition (planes
    of a metal) or when these gaps are at least 1.3 times any other (layers with
    nothing between them); otherwise one repeat is one layer.

    Examples
    --------
    >>> from structures.prototypes import build_prototype
    >>> slab = build_slab(build_prototype("Li-fcc"), miller=(1, 1, 1), layers=5)
    >>> round(slab.thickness_A, 3), len(slab.atoms)
    (9.699, 5)

    """
    _check(crystal, miller, layers, vacuum_A)
    repeat, frame = _oriented_repeat(crystal, miller)
    groups, spacing = _layers_of_repeat(repeat, frame)
    per_repeat = len(groups)
    positions, numbers, labels = [], [], []
    for layer in range(layers):
        turn, which = divmod(layer, per_repeat)
        index, shifted = groups[which]
        positions.append(shifted + turn * frame[2])
        numbers.append(repeat.numbers[index])
        labels.append(np.full(len(index), layer))
    xyz = np.concatenate(positions)
    xyz[:, 2] -= xyz[:, 2].min()
    cell = frame.copy()
    top = float(np.ptp(xyz[:, 2]))
    own = float(np.ptp(groups[0][1][:, 2]))
    cell[2] = (0.0, 0.0, top + spacing - own + vacuum_A)
    slab = Atoms(np.concatenate(numbers), positions=xyz, cell=cell, pbc=True)
    slab.wrap(pbc=(True, True, False), eps=1e-6)
    slab.set_array("layer", np.concatenate(labels).astype(int))
    return Slab(
        atoms=slab,
        miller=miller,
        n_layers=layers,
        layer_spacing_A=spacing,
        thickness_A=top,
        area_A2=float(abs(np.linalg.det(cell[:2, :2]))),
    )


def _check(
    crystal: Atoms, miller: tuple[int, int, int], layers: int, vacuum_A: float
) -> None:
    """Refuse what cannot be cut."""
    if len(crystal) == 0 or not crystal.pbc.all() or crystal.cell.rank < 3:  # noqa: PLR2004
        raise InputError(
            "crystal must be periodic in three directions with at least one atom; got "
            f"{crystal.get_chemical_formula()!r} with pbc {crystal.pbc.tolist()}. "
            "Give a bulk cell."
        )
    if not any(miller):
        raise InputError(
            f"miller must be three integers, not all zero; got {miller!r}. "
            "Give for example (0, 0, 1)."
        )
    if layers < 1:
        raise InputError(
            f"layers must be at least 1; got {layers!r}. Give the number of layers."
        )
    if not vacuum_A >= 0:
        raise InputError(
            f"vacuum_A must not be negative; got {vacuum_A!r}. Give a height in Å."
        )


def _primitive(crystal: Atoms) -> Atoms:
    """Primitive cell in the orientation of the crystal."""
    description = (crystal.cell[:], crystal.get_scaled_positions(), crystal.numbers)
    with warnings.catch_warnings():
        # spglib 2.7 and 2.8 warn about their own way of reporting errors
        warnings.simplefilter("ignore", DeprecationWarning)
        found = spglib.standardize_cell(
            description, to_primitive=True, no_idealize=True, symprec=SYMMETRY_A
        )
    if found is None:
        return crystal.copy()
    cell, scaled, numbers = found
    return Atoms(numbers, scaled_positions=scaled, cell=cell, pbc=True)


def _oriented_repeat(
    crystal: Atoms, miller: tuple[int, int, int]
) -> tuple[Atoms, np.ndarray]:
    """Primitive cell whose a and b span the plane, turned so that z is the normal.

    Returns the atoms and the lower-triangular cell, rows a, b, c.
    """
    normal = np.asarray(miller) @ crystal.cell.reciprocal()[:]
    primitive = _primitive(crystal)
    indices = primitive.cell[:] @ normal  # Miller indices in the primitive cell
    integers = _coprime(indices)
    transform = _plane_basis(integers)
    cell = transform @ primitive.cell[:]
    cell[:2] = _reduced(cell[:2])
    up = np.cross(cell[0], cell[1])
    if up @ normal < 0:
        cell[1] *= -1
        up = -up
    cell[2] *= np.sign(cell[2] @ up)
    up = up / np.linalg.norm(up)
    e1 = cell[0] / np.linalg.norm(cell[0])
    axes = np.array([e1, np.cross(up, e1), up])
    frame = cell @ axes.T
    frame[0, 1:] = 0.0
    frame[1, 2] = 0.0
    lateral = np.linalg.solve(frame[:2, :2].T, frame[2, :2])
    frame[2, :2] -= np.round(lateral - 1e-9) @ frame[:2, :2]
    turned = Atoms(
        primitive.numbers,
        positions=primitive.positions @ axes.T,
        cell=frame,
        pbc=True,
    )
    turned.wrap(eps=1e-6)
    return turned, frame


def _coprime(indices: np.ndarray) -> np.ndarray:
    """Coprime integers along a direction given in lattice coordinates."""
    smallest = np.abs(indices[np.abs(indices) > 1e-6 * np.abs(indices).max()]).min()
    for factor in range(1, 25):
        scaled = indices / smallest * factor
        integers = np.round(scaled)
        if np.abs(scaled - integers).max() < 1e-3:  # noqa: PLR2004
            whole: np.ndarray = integers.astype(int)
            return whole // int(np.gcd.reduce(whole))
    raise InputError(
        f"miller must be a lattice plane of the primitive cell; got {indices!r} there. "
        "Use a cell whose primitive cell spglib finds, or smaller indices."
    )


def _plane_basis(hkl: np.ndarray) -> np.ndarray:
    """Unimodular rows u, v, w with u and v in the plane and hkl·w = 1.

    Column operations of Euclid's algorithm turn hkl into (0, 0, 1).
    """
    basis = np.eye(3, dtype=int)
    rest = hkl.copy()
    while np.count_nonzero(rest) > 1:
        order = np.argsort(np.where(rest == 0, np.iinfo(int).max, np.abs(rest)))
        pivot = order[0]
        for other in order[1:]:
            factor = int(rest[other] // rest[pivot])
            rest[other] -= factor * rest[pivot]
            basis[other] -= factor * basis[pivot]
    last = int(np.flatnonzero(rest)[0])
    keep = [i for i in range(3) if i != last]
    return np.array([basis[keep[0]], basis[keep[1]], basis[last] * int(rest[last])])


def _reduced(vectors: np.ndarray) -> np.ndarray:
    """Gauss-reduced basis of a two-dimensional lattice in space."""
    a, b = vectors
    while True:
        if a @ a > b @ b * (1 + 1e-9):
            a, b = b, a
        factor = np.round(a @ b / (a @ a) - 1e-9 * np.sign(a @ b))
        if factor == 0:
            return np.array([a, b])
        b = b - factor * a


def _layers_of_repeat(
    repeat: Atoms, frame: np.ndarray
) -> tuple[list[tuple[np.ndarray, np.ndarray]], float]:
    """Layers of one repeat, from the bottom, and the mean layer spacing [Å].

    Each layer is (indices of its atoms, their positions without a jump along z).
    """
    height = frame[2, 2]
    z = repeat.positions[:, 2]
    order = np.argsort(z, kind="stable")
    gaps = np.diff(np.append(z[order], z[order[0]] + height))
    planes = np.flatnonzero(gaps > PLANE_TOLERANCE_A)
    if len(planes) == 0:
        planes = np.array([int(gaps.argmax())])
    widths = gaps[planes]
    wide = planes[widths >= widths.max() - EQUAL_GAP_TOLERANCE_A]
    others = widths[widths < widths.max() - EQUAL_GAP_TOLERANCE_A]
    cuts = wide
    pieces = _pieces(repeat, order, wide)
    alike = len({repeat[index].get_chemical_formula() for index, _ in pieces}) == 1
    open_between = len(others) > 0 and widths.max() >= OPEN_GAP_RATIO * others.max()
    if not (alike or open_between):
        cuts = wide[:1]
    layers = []
    for index, turns in _pieces(repeat, order, cuts):
        layers.append((index, repeat.positions[index] + turns[:, None] * frame[2]))
    return layers, float(height / len(cuts))


def _pieces(
    repeat: Atoms, order: np.ndarray, cuts: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Atoms between successive cuts, with how often each crossed the boundary.

    ``cuts`` are positions k in ``order``: the cut is above atom ``order[k]``.
    """
    n = len(repeat)
    first = int(cuts[0]) + 1
    rolled = [(first + i) % n for i in range(n)]
    turns = np.array([(first + i) // n for i in range(n)])
    ends = [int((k - first) % n) + 1 for k in cuts[1:]] + [n]
    pieces, begin = [], 0
    for end in sorted(ends):
        index = order[np.array(rolled[begin:end])]
        pieces.append((index, turns[begin:end]))
        begin = end
    return pieces
