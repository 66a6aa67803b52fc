"""Fingerprints: blind to cell, orientation, order and origin; smooth; honest."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell, molecule
from scipy.special import eval_legendre, sph_harm_y

from training_data import InputError, fingerprint, fingerprint_distances, load_shipped
from training_data.fingerprint import FIRST_SHELL_A, _harmonics


@pytest.fixture(scope="module")
def crystal():
    """Nine atoms of low symmetry, three elements."""
    atoms = bulk("LiCl", "rocksalt", a=5.1, cubic=True)
    atoms.numbers[0] = 40
    atoms.rattle(0.2, seed=4)
    return atoms


def _disguises(atoms):
    rng = np.random.default_rng(5)
    turned = atoms.copy()
    turned.rotate(77, (1, 2, 3), rotate_cell=True)
    moved = atoms.copy()
    moved.positions += (1.3, -7.1, 0.4)
    wrapped = moved.copy()
    wrapped.wrap()
    skewed = make_supercell(atoms, [[1, 1, 0], [0, 1, 2], [0, 0, 1]])
    return {
        "rotated": turned,
        "moved": moved,
        "wrapped": wrapped,
        "shuffled": atoms[rng.permutation(len(atoms))],
        "supercell": atoms.repeat((2, 1, 3)),
        "skewed cell": skewed,
    }


@pytest.mark.parametrize("disguise", list(_disguises(bulk("Li"))))
def test_a_disguise_changes_nothing(crystal, disguise):
    first, second = fingerprint(crystal), fingerprint(_disguises(crystal)[disguise])
    assert first.formula == second.formula
    scale = np.abs(first.vectors).max()
    np.testing.assert_allclose(second.vectors, first.vectors, atol=2e-6 * scale)


def test_power_spectrum_is_the_double_sum_over_legendre_polynomials():
    """Written out with the addition theorem, without a spherical harmonic."""
    rng = np.random.default_rng(8)
    cutoff, n_radial, l_max = 5.0, 4, 5
    atoms = Atoms("LiCl4", positions=np.vstack([[0, 0, 0], rng.normal(size=(4, 3))]))
    found = fingerprint(atoms, cutoff_A=cutoff, n_radial=n_radial, l_max=l_max)
    vectors = atoms.positions[1:] - atoms.positions[0]
    r = np.linalg.norm(vectors, axis=1)
    centres = np.linspace(FIRST_SHELL_A, cutoff, n_radial + 1)[:-1]
    width = centres[1] - centres[0]
    g = np.exp(-((r[:, None] - centres) ** 2) / (2 * width**2))
    g *= ((FIRST_SHELL_A / r) ** 2 * (1 + np.cos(np.pi * r / cutoff)) / 2)[:, None]
    cosines = vectors @ vectors.T / np.outer(r, r)
    expected = []
    for degree in range(l_max + 1):
        # species are Cl, Li; lithium has chlorine neighbours alone
        block = g.T @ eval_legendre(degree, np.clip(cosines, -1, 1)) @ g
        full = np.zeros((2 * n_radial, 2 * n_radial))
        full[:n_radial, :n_radial] = block
        expected.append(full[np.triu_indices(2 * n_radial)])
    lithium = found.vectors[found.species.index("Li")]
    wanted = np.concatenate(expected)
    np.testing.assert_allclose(lithium, wanted, atol=1e-5 * wanted.max())


def test_harmonics_are_those_of_scipy():
    rng = np.random.default_rng(0)
    u = np.vstack([rng.normal(size=(20, 3)), np.eye(3), -np.eye(3)])
    u /= np.linalg.norm(u, axis=1)[:, None]
    theta, phi = np.arccos(np.clip(u[:, 2], -1, 1)), np.arctan2(u[:, 1], u[:, 0])
    found = _harmonics(u, 7)
    for degree in range(8):
        for m in range(degree + 1):
            wanted = sph_harm_y(degree, m, theta, phi)
            np.testing.assert_allclose(
                found[:, degree * (degree + 1) // 2 + m], wanted, atol=1e-12
            )


def test_an_atom_that_leaves_the_environment_makes_no_step():
    def at(distance):
        return fingerprint(Atoms("Li2", positions=[(0, 0, 0), (distance, 0, 0)]))

    steps = [
        np.abs(at(r + 1e-3).vectors - at(r).vectors).max() for r in (5.0, 5.99, 6.0005)
    ]
    assert steps[1] < 1e-2 * steps[0]
    assert steps[2] == 0.0


def test_distance_grows_in_proportion_to_a_small_displacement(crystal):
    start = fingerprint(crystal)
    push = np.random.default_rng(2).normal(size=crystal.positions.shape)
    distances = []
    for size in (0.005, 0.01):
        moved = crystal.copy()
        moved.positions += size * push
        distances.append(start.distance(fingerprint(moved)))
    assert distances[0] > 0
    assert distances[1] / distances[0] == pytest.approx(2.0, rel=0.05)


def test_mirror_images_are_the_same(crystal):
    mirrored = crystal.copy()
    mirror = np.diag([1, 1, -1])
    mirrored.set_cell(crystal.cell[:] @ mirror)
    mirrored.positions = crystal.positions @ mirror
    assert fingerprint(crystal).distance(fingerprint(mirrored)) < 1e-4


def test_polymorphs_are_further_apart_than_noise():
    """Closest distinct shipped crystals against copies with 0.02 Å of noise."""
    rng = np.random.default_rng(1)
    data = load_shipped("li-zr-cl-pbe").where(
        lambda atoms: atoms.info["sampling"] == "relaxed"
    )
    first_of = {}
    for atoms in data:
        if not atoms.info["parent"].startswith("pool-"):
            first_of.setdefault(atoms.info["parent"], atoms)
    # two of the Zr-in-Li cells are the same by symmetry
    del first_of["Zr-in-Li-1"]
    prints = [fingerprint(atoms) for atoms in first_of.values()]
    between = fingerprint_distances(prints, prints)
    same_formula = np.array([[a.formula == b.formula for a in prints] for b in prints])
    closest = between[same_formula & ~np.eye(len(prints), dtype=bool)].min()
    noise = 0.0
    for atoms, own in zip(first_of.values(), prints, strict=True):
        noisy = atoms.repeat((2, 1, 1))
        noisy.positions += rng.normal(scale=0.02, size=noisy.positions.shape)
        noise = max(noise, own.distance(fingerprint(noisy)))
    assert noise < 0.05 < closest


def test_different_species_are_infinitely_far():
    halite, metal = fingerprint(bulk("LiCl", "rocksalt", a=5)), fingerprint(bulk("Li"))
    assert halite.distance(metal) == np.inf
    assert fingerprint_distances([halite, metal], [metal]).shape == (2, 1)


def test_a_cluster_is_as_in_a_large_cell():
    water = molecule("H2O")
    boxed = water.copy()
    boxed.center(vacuum=8)
    boxed.pbc = True
    assert fingerprint(water).distance(fingerprint(boxed)) < 1e-3
    slab = bulk("Li", "fcc", a=4.2, cubic=True)
    slab.center(vacuum=8, axis=2)
    open_slab = slab.copy()
    open_slab.pbc = (True, True, False)
    assert fingerprint(slab).distance(fingerprint(open_slab)) < 1e-3


def test_arguments_are_left_alone(crystal):
    before = crystal.copy()
    fingerprint(crystal)
    assert before == crystal


@pytest.mark.parametrize(
    ("atoms", "options", "message"),
    [
        (Atoms(), {}, "at least one atom"),
        (Atoms("Li", positions=[(np.nan, 0, 0)]), {}, "finite positions"),
        (Atoms("Li", pbc=True), {}, "every periodic direction"),
        (bulk("Li"), {"cutoff_A": 1.0}, "cutoff_A must be more"),
        (bulk("Li"), {"n_radial": 1}, "n_radial must be at least 2"),
    ],
)
def test_bad_input_is_refused(atoms, options, message):
    with pytest.raises(InputError, match=message):
        fingerprint(atoms, **options)


def test_settings_are_not_mixed():
    first, second = fingerprint(bulk("Li")), fingerprint(bulk("Li"), l_max=4)
    with pytest.raises(InputError, match="one cutoff_A, n_radial and l_max"):
        first.distance(second)
