"""A crystal turned so that a lattice plane lies in xy, with what symmetry it keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from ase import Atoms

from structures.crystal_files import check_crystal
from structures.oxidation_states import FORMAL_OXIDATION_STATES, oxidation_states_of
from structures.periodicity import require_periodic
from structures.site_labels import label_sites, site_labels
from structures.space_group import primitive_cell, symmetry_operations
from training_data.errors import InputError

SYMMETRY_A = 1e-3
NEUTRAL_e = 1e-6


@dataclass(frozen=True, kw_only=True)
class OrientedCrystal:
    """One repeat of a crystal along the normal of a lattice plane.

    Parameters
    ----------
    repeat
        Primitive cell; a and b lie in the plane, z is the normal, the cell is
        lower-triangular. ``arrays["site"]`` and ``info["site_names"]`` name the sites.
    miller
        Plane, in indices of the crystal that was given.
    rotations
        In-plane part of every operation of the space group that keeps the plane,
        integers that act on rows of in-plane coordinates from the right, (n, 2, 2).
    flips
        Whether the operation turns the normal round, (n,).
    shifts
        Its translation along the normal as a fraction of the repeat, (n,).
    height_A
        Height of the repeat along the normal [Å].

    """

    repeat: Atoms
    miller: tuple[int, int, int]
    rotations: np.ndarray
    flips: np.ndarray
    shifts: np.ndarray
    height_A: float

    def surface_symmetry(self) -> np.ndarray:
        """Rotations and reflections that a surface of this orientation keeps.

        Returns
        -------
        numpy.ndarray
            Distinct in-plane parts of the operations that move no plane along the
            normal, integers, shape (n, 2, 2).

        """
        away = np.abs(self.shifts - np.round(self.shifts)) * self.height_A
        keeps = ~self.flips & (away <= 10 * SYMMETRY_A)
        symmetry: np.ndarray = np.unique(self.rotations[keeps], axis=0)
        return symmetry

    def sides_alike(self) -> bool:
        """Whether the crystal turned upside down is the same crystal.

        Where it is not, (-h -k -l) gives surfaces and matches that (h k l) does not.
        """
        return bool(np.any(self.flips & (np.linalg.det(self.rotations) < 0)))


def orient_crystal(crystal: Atoms, *, miller: tuple[int, int, int]) -> OrientedCrystal:
    """Primitive cell whose a and b span a lattice plane, z along its normal.

    Parameters
    ----------
    crystal
        Periodic crystal in any cell; it need not be primitive.
    miller
        Plane (h, k, l) in the cell that is given.

    Returns
    -------
    OrientedCrystal
        One repeat and the operations that keep the plane.

    Raises
    ------
    InputError
        If the crystal is not periodic, has overlapping atoms (``check_crystal``), or
        the indices are no integers or all zero.

    Examples
    --------
    >>> from structures.prototypes import build_prototype
    >>> oriented = orient_crystal(build_prototype("Li-fcc"), miller=(1, 1, 1))
    >>> round(oriented.height_A, 4), len(oriented.surface_symmetry())
    (2.4249, 6)

    """
    _check(crystal, miller)
    repeat, (rotations, flips, shifts) = _oriented_repeat(crystal, miller)
    return OrientedCrystal(
        repeat=repeat,
        miller=miller,
        rotations=rotations,
        flips=flips,
        shifts=shifts,
        height_A=float(repeat.cell[2, 2]),
    )


def _check(crystal: Atoms, miller: tuple[int, int, int]) -> None:
    """Refuse what has no lattice planes, or atoms inside each other."""
    require_periodic(crystal, name="crystal")
    whole = len(miller) == 3 and all(  # noqa: PLR2004 - h, k and l
        isinstance(index, Integral) for index in miller
    )
    if not (whole and any(miller)):
        raise InputError(
            f"miller must be three integers, not all zero; got {miller!r}. "
            "Give for example (0, 0, 1)."
        )
    check_crystal(crystal)


def formal_charges(
    atoms: Atoms, *, oxidation_states: Mapping[str, float] | None = None
) -> np.ndarray | None:
    """Formal charge of each atom of a neutral crystal.

    Parameters
    ----------
    atoms
        Crystal of the right composition.
    oxidation_states
        Charges that are not in the table of undisputed ones [e].

    Returns
    -------
    numpy.ndarray or None
        Charges [e], shape (n_atoms,); zero for an element. None where none were given
        and the table has none that make the crystal neutral (intermetallics, lower
        chlorides).

    Raises
    ------
    InputError
        If the given ones do not make it neutral, or leave out an element.

    Examples
    --------
    >>> from structures.prototypes import build_prototype
    >>> formal_charges(build_prototype("Li2ZrCl6")).tolist()[:3]
    [4.0, 1.0, 1.0]

    """
    symbols = atoms.get_chemical_symbols()
    if len(set(symbols)) == 1 and oxidation_states is None:
        return np.zeros(len(atoms))
    if oxidation_states is None and not set(symbols) <= set(FORMAL_OXIDATION_STATES):
        return None
    states = oxidation_states_of(symbols, oxidation_states)
    charges = np.array([states[symbol] for symbol in symbols])
    if abs(charges.sum()) <= NEUTRAL_e:
        return charges
    if oxidation_states is None:
        return None
    raise InputError(
        f"oxidation_states must make {atoms.get_chemical_formula()} neutral; got "
        f"{states!r}, a charge of {charges.sum():+g}. Change one of them."
    )


Operations = tuple[np.ndarray, np.ndarray, np.ndarray]


def _primitive(crystal: Atoms) -> Atoms:
    """Primitive cell in the orientation of the crystal, with the sites' names."""
    try:
        names = site_labels(crystal)
    except InputError:
        names = tuple(crystal.get_chemical_symbols())
    kinds = list(dict.fromkeys(zip(crystal.numbers.tolist(), names, strict=True)))
    types = [kinds.index(kind) + 1 for kind in zip(crystal.numbers, names, strict=True)]
    found = primitive_cell(
        crystal.cell[:], crystal.get_scaled_positions(), types, tolerance_A=SYMMETRY_A
    )
    if found is None:
        plain = Atoms(
            crystal.numbers, positions=crystal.positions, cell=crystal.cell, pbc=True
        )
        return label_sites(plain, names)
    cell, scaled, primitive = found
    chosen = [kinds[kind - 1] for kind in primitive]
    atoms = Atoms(
        [number for number, _ in chosen], scaled_positions=scaled, cell=cell, pbc=True
    )
    return label_sites(atoms, [name for _, name in chosen])


def _oriented_repeat(
    crystal: Atoms, miller: tuple[int, int, int]
) -> tuple[Atoms, Operations]:
    """Primitive cell in the plane's frame, and the operations that keep the plane."""
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
    turned = primitive.copy()
    turned.set_cell(frame, scale_atoms=False)
    turned.positions = primitive.positions @ axes.T
    turned.wrap(eps=1e-6)
    return turned, _operations(turned)


def _operations(repeat: Atoms) -> Operations:
    """Operations of the space group that map the plane on a parallel one."""
    kinds = {
        kind: n
        for n, kind in enumerate(
            dict.fromkeys(zip(repeat.numbers, repeat.arrays["site"], strict=True))
        )
    }
    types = [
        kinds[kind] for kind in zip(repeat.numbers, repeat.arrays["site"], strict=True)
    ]
    rotations, translations = symmetry_operations(
        repeat.cell[:], repeat.get_scaled_positions(), types, tolerance_A=SYMMETRY_A
    )
    keeps = (rotations[:, 2, :2] == 0).all(axis=1)
    chosen = rotations[keeps]
    return (
        chosen[:, :2, :2].transpose(0, 2, 1),
        chosen[:, 2, 2] < 0,
        translations[keeps, 2] % 1.0,
    )


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
