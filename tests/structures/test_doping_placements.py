"""Placements are distinct under symmetry: group theory and pymatgen agree."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from ase.build import bulk

from structures.doping_host import prepare_host
from structures.placements import distinct_placements
from structures.prototypes.llzo import build_llzo_cubic
from structures.site_symmetry import permutations_of_sites
from training_data.errors import InputError


@pytest.fixture(scope="module")
def garnet():
    return prepare_host(build_llzo_cubic())


@pytest.fixture(scope="module")
def salt():
    return prepare_host(bulk("LiCl", "rocksalt", a=5.13, cubic=True).repeat((2, 1, 1)))


def _sites(host, name):
    return [i for i, label in enumerate(host.labels) if name in (label, label[:2])]


def _place(host, sites, n, *, kind="apart", n_placements=10_000, seed=0, **more):
    return distinct_placements(
        sites,
        n_dopants=n,
        distances_A=host.distances_A,
        permutations=host.permutations,
        placement=kind,
        n_placements=n_placements,
        rng=np.random.default_rng(seed),
        **more,
    )


def _orbits_by_burnside(permutations, sites, n):
    """Mean number of placements that an operation leaves alone."""
    fixed = 0
    for permutation in permutations:
        for chosen in combinations(sites, n):
            fixed += {permutation[site] for site in chosen} == set(chosen)
    return fixed / len(permutations)


def test_garnet_has_the_order_of_its_space_group(garnet):
    """Ia-3d: 48 operations of the point group, times two for the centring."""
    assert len(garnet.permutations) == 96


@pytest.mark.parametrize(("name", "n"), [("Zr", 1), ("Zr", 2), ("La", 2), ("Li24d", 2)])
def test_number_of_placements_is_burnsides(garnet, name, n):
    sites = _sites(garnet, name)
    found = _place(garnet, sites, n)
    assert len(found) == _orbits_by_burnside(garnet.permutations, sites, n)
    assert sum(p.multiplicity for p in found) == comb(len(sites), n)


def test_placements_are_those_of_pymatgens_matcher(salt):
    """All 28 pairs of 8 lithium sites, sorted into classes by structure matching."""
    from pymatgen.analysis.structure_matcher import StructureMatcher  # noqa: PLC0415
    from pymatgen.io.ase import AseAtomsAdaptor  # noqa: PLC0415

    sites = _sites(salt, "Li")
    structures = []
    for chosen in combinations(sites, 2):
        atoms = salt.atoms.copy()
        atoms.numbers[list(chosen)] = 12
        structures.append(AseAtomsAdaptor.get_structure(atoms))
    matcher = StructureMatcher(primitive_cell=False, attempt_supercell=False)
    classes = sorted(len(group) for group in matcher.group_structures(structures))
    assert sorted(p.multiplicity for p in _place(salt, sites, 2)) == classes


def test_apart_and_clustered_are_the_extremes(garnet):
    sites = _sites(garnet, "Zr")
    pairs = garnet.distances_A[np.ix_(sites, sites)]
    between = pairs[~np.eye(len(sites), dtype=bool)]
    apart = _place(garnet, sites, 2, kind="apart")
    clustered = _place(garnet, sites, 2, kind="clustered")
    assert apart[0].dopant_distance_A == pytest.approx(between.max(), rel=1e-9)
    assert clustered[0].dopant_distance_A == pytest.approx(between.min(), rel=1e-9)
    assert between.max() > 1.5 * between.min()
    assert {p.dopant_distance_A for p in apart} == {
        p.dopant_distance_A for p in clustered
    }


@pytest.mark.parametrize("kind", ["apart", "clustered", "random"])
def test_too_many_to_list_are_grown_instead(garnet, kind):
    """Eight dopants on 24 sites: 735 471 placements."""
    sites = _sites(garnet, "La")
    found = _place(garnet, sites, 8, kind=kind, n_placements=5)
    assert len(found) == 5
    assert len({p.sites for p in found}) == 5
    assert all(len(set(p.sites)) == 8 and set(p.sites) <= set(sites) for p in found)
    if kind == "apart":
        random = _place(garnet, sites, 8, kind="random", n_placements=50)
        best = max(p.dopant_distance_A for p in random)
        assert found[0].dopant_distance_A >= best


def test_random_draws_follow_the_generator(garnet):
    sites = _sites(garnet, "Li24d")
    draws = [
        tuple(p.sites for p in _place(garnet, sites, 2, kind="random", seed=seed))
        for seed in (1, 1, 2, 3)
    ]
    assert draws[0] == draws[1]
    assert len(set(draws)) > 1


def test_random_draws_have_the_frequency_of_a_random_solution():
    """30 sites of which two are equivalent: 2 C(28, 3) / C(30, 4) hold one of both."""
    swap = np.arange(30)
    swap[:2] = 1, 0
    chosen = [
        p
        for seed in range(16)
        for p in distinct_placements(
            range(30),
            n_dopants=4,
            distances_A=np.ones((30, 30)),
            permutations=np.array([np.arange(30), swap]),
            placement="random",
            n_placements=50,
            rng=np.random.default_rng(seed),
        )
    ]
    share = sum(p.multiplicity == 2 for p in chosen) / len(chosen)
    expected = 2 * comb(28, 3) / comb(30, 4)
    # four standard deviations; weighted twice it would be 0.39
    assert share == pytest.approx(expected, abs=4 * (0.239 * 0.761 / 800) ** 0.5)


def test_smallest_distance_is_kept(garnet):
    sites = _sites(garnet, "Li")
    assert min(p.dopant_distance_A for p in _place(garnet, sites, 2)) < 1
    kept = _place(garnet, sites, 2, min_distance_A=2.0)
    assert min(p.dopant_distance_A for p in kept) >= 2


def test_operations_that_mix_kinds_are_left_out():
    corners = np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0.5, 0.5, 0]])
    cell = np.diag([4.0, 4.0, 4.0])
    for permutation in permutations_of_sites(cell, corners, "aabb"):
        assert set(permutation[:2]) == {0, 1}


@pytest.mark.parametrize(
    ("n", "more", "words"),
    [
        (0, {}, "n_dopants"),
        (17, {}, "n_dopants"),
        (2, {"kind": "together"}, "placement"),
        (2, {"min_distance_A": 30.0}, "min_distance_A"),
    ],
)
def test_impossible_placement_is_refused(garnet, n, more, words):
    with pytest.raises(InputError, match=words):
        _place(garnet, _sites(garnet, "Zr"), n, **more)
