"""Ten pairs against pymatgen's CoherentInterfaceBuilder: nothing of its is missing."""

import warnings
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from structures.alignment import alignment, standard_alignment
from structures.lattice_match import in_plane_mismatch, lattice_matches
from structures.oriented_crystal import orient_crystal
from structures.prototypes import build_prototype
from structures.slabs import build_slab
from structures.superlattice import lattice_symmetry
from structures.terminations import surface_terminations

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pymatgen.analysis.interfaces.coherent_interfaces import (
        CoherentInterfaceBuilder,
    )
    from pymatgen.analysis.interfaces.zsl import ZSLGenerator
    from pymatgen.core.surface import SlabGenerator
    from pymatgen.io.ase import AseAtomsAdaptor

# spglib warns about its own error handling, pymatgen about its own options
pytestmark = pytest.mark.filterwarnings("ignore")

Plane = tuple[int, int, int]
TOLERANCE_A = 0.25  # pymatgen's own for terminations


class Pair(NamedTuple):
    film: str
    film_miller: Plane
    substrate: str
    substrate_miller: Plane
    max_area_A2: float
    max_length_tol: float = 0.03  # pymatgen's own


PAIRS = [
    Pair("Ge", (1, 0, 0), "Si", (1, 0, 0), 120.0, 0.05),
    Pair("Ge", (1, 1, 1), "Si", (1, 1, 1), 120.0, 0.05),
    Pair("Al", (1, 1, 1), "Al2O3", (0, 0, 1), 160.0),
    Pair("TiO2", (0, 0, 1), "Si", (1, 1, 1), 400.0),
    Pair("Li-fcc", (1, 1, 1), "Li2ZrCl6", (0, 0, 1), 240.0),
    Pair("Li-bcc", (0, 0, 1), "LiCl", (0, 0, 1), 200.0),
    Pair("Li-bcc", (1, 1, 0), "LiCl", (1, 1, 1), 200.0),
    Pair("Li-bcc", (1, 1, 0), "Li2ZrCl6", (1, 0, 0), 200.0),
    Pair("Zr", (0, 0, 1), "ZrCl2", (0, 0, 1), 200.0),
    Pair("Li-bcc", (0, 0, 1), "ZrCl4", (1, 0, 0), 400.0),
]
NAMES = [
    f"{p.film}{''.join(map(str, p.film_miller))}-"
    f"{p.substrate}{''.join(map(str, p.substrate_miller))}"
    for p in PAIRS
]
SIDES = sorted(
    {(p.film, p.film_miller) for p in PAIRS}
    | {(p.substrate, p.substrate_miller) for p in PAIRS}
)


@cache
def material(name: str) -> Atoms:
    if name in {"Si", "Ge"}:
        return bulk(name, "diamond", a={"Si": 5.431, "Ge": 5.658}[name], cubic=True)
    if name == "Al":
        return bulk("Al", "fcc", a=4.05, cubic=True)
    if name == "Al2O3":
        return crystal(
            ["Al", "O"],
            [(0, 0, 0.35216), (0.30624, 0, 0.25)],
            spacegroup=167,
            cellpar=[4.7589, 4.7589, 12.9919, 90, 90, 120],
        )
    if name == "TiO2":
        return crystal(
            ["Ti", "O"],
            [(0, 0, 0), (0.3053, 0.3053, 0)],
            spacegroup=136,
            cellpar=[4.5937, 4.5937, 2.9587, 90, 90, 90],
        )
    return build_prototype(name)


@cache
def builder(pair: Pair) -> CoherentInterfaceBuilder:
    to_structure = AseAtomsAdaptor.get_structure
    return CoherentInterfaceBuilder(
        substrate_structure=to_structure(material(pair.substrate)),
        film_structure=to_structure(material(pair.film)),
        film_miller=pair.film_miller,
        substrate_miller=pair.substrate_miller,
        zslgen=ZSLGenerator(
            max_area=pair.max_area_A2,
            max_length_tol=pair.max_length_tol,
            bidirectional=True,
        ),
        label_index=True,
        filter_out_sym_slabs=False,  # or faces that differ upside down are merged
    )


def plane_of(vectors: list[np.ndarray]) -> np.ndarray:
    """Two vectors in space as rows in the plane, first along x, right-handed."""
    a, b = np.array(vectors, dtype=float)
    x = a / np.linalg.norm(a)
    out = b - (b @ x) * x
    return np.array([[np.linalg.norm(a), 0.0], [b @ x, np.linalg.norm(out)]])


def in_our_cell(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Integer B with B mine = theirs up to an isometry.

    For the (111) plane of diamond pymatgen's shift of 0 gives four in-plane cells in
    place of one (pymatgen pull request 4705), so B need not be unimodular.
    """
    metric, wanted = mine @ mine.T, theirs @ theirs.T
    rows = np.array(list(product(range(-6, 7), repeat=2)))
    squares = np.einsum("ij,jk,ik->i", rows, metric, rows)
    u, v = (rows[np.abs(squares - wanted[k, k]) < 1e-3 * wanted[k, k]] for k in (0, 1))
    products = u @ metric @ v.T
    near = np.argwhere(np.abs(products - wanted[0, 1]) < 1e-3 * wanted[0, 0])
    assert len(near), "the two programs disagree about the in-plane lattice"
    return np.array([u[near[0, 0]], v[near[0, 1]]])


class Theirs(NamedTuple):
    n_film: int
    n_substrate: int
    mismatch: float
    key: tuple[int, ...]


def reflected(metal: np.ndarray) -> np.ndarray | None:
    """Find a reflection of a lattice, if it has any."""
    mirrors = [g for g in lattice_symmetry(metal) if np.linalg.det(g) < 0]
    return mirrors[0] if mirrors else None


def their_matches(pair: Pair, film: np.ndarray, substrate: np.ndarray) -> list[Theirs]:
    """Express what pymatgen finds in our in-plane cells."""
    groups = lattice_symmetry(film), lattice_symmetry(substrate)
    found = []
    for match in builder(pair).zsl_matches:
        theirs = plane_of(match.film_vectors), plane_of(match.substrate_vectors)
        changes = in_our_cell(film, theirs[0]), in_our_cell(substrate, theirs[1])
        cells = []
        for vectors, super_vectors, change in zip(
            (match.film_vectors, match.substrate_vectors),
            (match.film_sl_vectors, match.substrate_sl_vectors),
            changes,
            strict=True,
        ):
            integers = np.array(super_vectors) @ np.linalg.pinv(np.array(vectors))
            np.testing.assert_allclose(integers, integers.round(), atol=1e-6)
            cells.append(integers.round().astype(int) @ change)
        numerators, denominator = alignment(*cells)
        if np.linalg.det(numerators) < 0:
            mirror = reflected(film)
            assert mirror is not None, "an oblique lattice: compare with (-h -k -l)"
            numerators = mirror @ numerators
        numerators = numerators * np.sign(denominator)
        forms = np.linalg.inv(film) @ numerators / abs(denominator) @ substrate
        stretches = np.linalg.svd(forms, compute_uv=False)
        found.append(
            Theirs(
                abs(round(np.linalg.det(cells[0]))),
                abs(round(np.linalg.det(cells[1]))),
                float(in_plane_mismatch(stretches - 1)),
                (
                    abs(denominator),
                    *standard_alignment(
                        numerators, metal=groups[0], electrolyte=groups[1]
                    ),
                ),
            )
        )
    return found


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_no_match_is_missing(pair: Pair) -> None:
    film, substrate = (
        orient_crystal(material(name), miller=miller).repeat.cell[:2, :2]
        for name, miller in (
            (pair.film, pair.film_miller),
            (pair.substrate, pair.substrate_miller),
        )
    )
    theirs = their_matches(pair, film, substrate)
    assert theirs
    largest = max(match.mismatch for match in theirs)
    area = float(np.linalg.det(substrate))
    ours = lattice_matches(
        film,
        substrate,
        max_area_A2=area * max(match.n_substrate for match in theirs),
        max_mismatch_percent=100 * largest * (1 + 1e-9),
    )
    keys = set()
    for match in ours:
        numerators, denominator = alignment(
            np.array(match.metal_supercell), np.array(match.electrolyte_supercell)
        )
        key = standard_alignment(
            numerators,
            metal=lattice_symmetry(film),
            electrolyte=lattice_symmetry(substrate),
        )
        keys.add((match.metal_multiple, match.electrolyte_multiple, denominator, *key))
    missing = [m for m in theirs if (m.n_film, m.n_substrate, *m.key) not in keys]
    assert missing == []
    assert len(ours) >= len({(m.n_film, m.n_substrate, m.key) for m in theirs})


def depths(
    atoms: Atoms, *, from_top: bool, area_A2: float, n_cells: int
) -> dict[str, np.ndarray]:
    """Depth of every atom below a face, per element, in so many cells."""
    z = atoms.positions[:, 2]
    depth = z.max() - z if from_top else z - z.min()
    repeats = round(n_cells * area_A2 / abs(np.linalg.det(atoms.cell[:2, :2])))
    return {
        symbol: np.sort(np.repeat(depth[atoms.symbols == symbol], repeats))
        for symbol in sorted(set(atoms.get_chemical_symbols()))
    }


def same_face(
    one: dict[str, np.ndarray], other: dict[str, np.ndarray], reach_A: float
) -> bool:
    """Whether two faces have the same planes to a depth."""
    for symbol in set(one) | set(other):
        a, b = (
            face.get(symbol, np.zeros(0))[: np.searchsorted(face[symbol], reach_A)]
            if symbol in face
            else np.zeros(0)
            for face in (one, other)
        )
        if len(a) != len(b) or (len(a) and np.abs(a - b).max() > 0.01):
            return False
    return True


def upright(slab: object) -> Atoms:
    """Pymatgen's slab with z along the normal and no jump at the boundary."""
    atoms = AseAtomsAdaptor.get_atoms(slab)
    height = atoms.get_volume() / np.linalg.norm(np.cross(atoms.cell[0], atoms.cell[1]))
    fractions = np.array(slab.frac_coords)[:, 2] % 1.0
    area = float(np.linalg.norm(np.cross(atoms.cell[0], atoms.cell[1])))
    order = np.sort(fractions)
    gaps = np.diff(np.append(order, order[0] + 1))
    start = order[(int(gaps.argmax()) + 1) % len(order)]
    z = ((fractions - start + 1e-9) % 1.0) * height
    side = np.sqrt(area)
    return Atoms(
        atoms.numbers,
        positions=np.column_stack([0 * z, 0 * z, z]),
        cell=[side, side, height],
    )


class Faces(NamedTuple):
    """Terminations of a surface: pymatgen's shifts, ours, which of ours each is."""

    shifts: tuple[float, ...]
    n_ours: int
    equal: dict[float, frozenset[int]]


@cache
def compared(name: str, miller: Plane) -> Faces:
    """Find which of our terminations each of pymatgen's slabs has, as the builder."""
    generator = SlabGenerator(
        AseAtomsAdaptor.get_structure(material(name)),
        miller,
        min_slab_size=2,  # the builder takes 1, which hides what lies deeper
        min_vacuum_size=3,
        in_unit_planes=True,
        center_slab=True,
        primitive=True,
        reorient_lattice=False,
    )
    theirs = generator.get_slabs(ftol=TOLERANCE_A, filter_out_sym_slabs=False)
    found = surface_terminations(
        material(name), miller=miller, plane_tolerance_A=TOLERANCE_A
    )
    mine = []
    for termination in found:
        slab = build_slab(
            material(name),
            miller=miller,
            thickness_A=30.0,
            termination=termination.index,
            plane_tolerance_A=TOLERANCE_A,
        )
        faces = [
            depths(slab.atoms, from_top=top, area_A2=slab.area_A2, n_cells=4)
            for top in (False, True)
        ]
        mine.append(faces)
    area = build_slab(material(name), miller=miller, layers=1).area_A2
    equal = {}
    for slab in theirs:
        atoms = upright(slab)
        reach = float(np.ptp(atoms.positions[:, 2])) - 0.05
        faces = [
            depths(atoms, from_top=top, area_A2=area, n_cells=4)
            for top in (False, True)
        ]
        equal[float(slab.shift)] = frozenset(
            index
            for index, own in enumerate(mine)
            if all(same_face(a, b, reach) for a, b in zip(faces, own, strict=True))
        )
    return Faces(tuple(float(slab.shift) for slab in theirs), len(found), equal)


@pytest.mark.parametrize(("name", "miller"), SIDES, ids=str)
def test_no_termination_is_missing(name: str, miller: Plane) -> None:
    faces = compared(name, miller)
    assert faces.shifts
    # every one of theirs is one of ours, the right way up
    assert {shift: len(equal) for shift, equal in faces.equal.items()} == dict.fromkeys(
        faces.shifts, 1
    )
    # and none of ours is invented
    assert frozenset().union(*faces.equal.values()) == set(range(faces.n_ours))


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_no_pair_of_terminations_is_missing(pair: Pair) -> None:
    film = compared(pair.film, pair.film_miller)
    substrate = compared(pair.substrate, pair.substrate_miller)
    ours = set(product(range(film.n_ours), range(substrate.n_ours)))
    listed = builder(pair)
    theirs: set[tuple[int, int]] = set()
    for name in listed.terminations:
        film_shift, substrate_shift = listed._terminations[name]
        pairs = set(product(film.equal[film_shift], substrate.equal[substrate_shift]))
        assert pairs, f"{name} is not ours"
        theirs |= pairs
    assert theirs == ours
