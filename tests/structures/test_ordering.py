"""Ordering by electrostatics: exact answers on small cells, agreement on LLZO."""

import itertools
import time

import numpy as np
import pytest
from ase.calculators.calculator import Calculator
from ase.calculators.lj import LennardJones
from ase.io import read, write
from ase.neighborlist import neighbor_list
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.core import Structure
from pymatgen.transformations.standard_transformations import (
    OrderDisorderedStructureTransformation,
)

from mlip.ase_potential import AsePotential
from structures.disordered_crystal import DisorderedCrystal
from structures.electrostatics import coulomb_matrix
from structures.ordering_moves import Chains, PENALTY_eV
from structures.ordering_problem import OrderingProblem, ordering_problem
from structures.prototypes import build_prototype
from structures.prototypes.llzo import build_llzo_cubic
from structures.site_ordering import order_sites
from structures.site_symmetry import canonical_arrangement, site_permutations
from training_data.errors import InputError

LOWEST_LLZO_eV = -4865.983454
"""Lowest point-charge energy of the cubic cell: of runs 10 times as long, 4 of 4."""

FCC = ((0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5))
TETRAHEDRA = tuple(itertools.product((0.25, 0.75), repeat=3))


class ZrHfPairs(Calculator):
    """Zr and Hf attract each other, the nearer the more: -10 keV A^6 / r^6 a pair."""

    implemented_properties = ("energy", "forces")

    def calculate(self, atoms=None, properties=("energy",), system_changes=()) -> None:
        super().calculate(atoms, properties, system_changes)
        metals = atoms[atoms.numbers >= 40]
        i, j, d = neighbor_list("ijd", metals, 13.0)
        unlike = (metals.numbers[i] == 40) & (metals.numbers[j] == 72)
        self.results = {
            "energy": -1e4 * float((d[unlike] ** -6).sum()),
            "forces": np.zeros((len(atoms), 3)),
        }


CHARGES = {"Li": 1.0, "Al": 3.0, "O": -2.0}


def antifluorite(lengths_A=(4.6, 4.9, 5.3)) -> DisorderedCrystal:
    """4 O, and 5 Li, 1 Al and 2 vacancies on 8 tetrahedral sites."""
    return DisorderedCrystal(
        cell_A=np.diag(lengths_A),
        scaled_positions=np.array([*FCC, *TETRAHEDRA]),
        occupancies=({"O": 1.0},) * 4 + ({"Li": 0.625, "Al": 0.125},) * 8,
        site_names=("O4",) * 4 + ("M8",) * 8,
    )


def two_sublattices() -> DisorderedCrystal:
    """Al on tetrahedra only, Li on tetrahedra and octahedra; near pairs forbidden."""
    octahedra = [(0.5, 0.5, 0.5), (0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5)]
    return DisorderedCrystal(
        cell_A=np.diag([4.6, 4.9, 5.3]),
        scaled_positions=np.array([*FCC, *TETRAHEDRA, *octahedra]),
        occupancies=({"O": 1.0},) * 4
        + ({"Li": 0.25, "Al": 0.125},) * 8
        + ({"Li": 0.75},) * 4,
        site_names=("O4",) * 4 + ("T8",) * 8 + ("O_h4",) * 4,
    )


def problem_of(crystal: DisorderedCrystal, **options) -> OrderingProblem:
    given = {
        "counts": None,
        "oxidation_states": None,
        "min_distance_A": 2.0,
        "exclusions": None,
    }
    return ordering_problem(crystal, **{**given, **options})


@pytest.fixture(scope="module")
def llzo_ordering():
    """Ten runs on the 192-atom cell, with the time that they took."""
    started = time.process_time()
    ordering = order_sites(build_llzo_cubic(), rng=np.random.default_rng(0))
    return ordering, time.process_time() - started


def test_madelung_constant_of_rock_salt() -> None:
    positions = np.array([*FCC, (0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5), (0.5, 0.5, 0.5)])
    matrix = coulomb_matrix(2.0 * np.eye(3), positions)
    charges = np.array([1.0] * 4 + [-1.0] * 4)
    madelung = -(charges @ matrix @ charges) / 4 / 14.399645
    np.testing.assert_allclose(madelung, 1.7475646, rtol=1e-7)


def test_energy_is_that_of_an_ewald_sum_of_the_ordered_cell() -> None:
    crystal = two_sublattices()
    problem = problem_of(crystal)
    ordering = order_sites(crystal, method="enumeration", rng=np.random.default_rng(0))
    for index in (0, 3, -1):
        atoms = ordering.structures[index]
        structure = Structure(
            atoms.cell.array, list(atoms.symbols), atoms.get_scaled_positions()
        )
        structure.add_oxidation_state_by_element(CHARGES)
        np.testing.assert_allclose(
            ordering.electrostatic_energies_eV[index],
            EwaldSummation(structure).total_energy,
            rtol=1e-9,
        )
    assert problem.counts.sum() == 12


def test_energies_kept_along_the_moves_are_those_of_the_arrangements() -> None:
    problem = problem_of(two_sublattices())
    rng = np.random.default_rng(3)
    start = np.array([problem.random_arrangement(rng) for _ in range(7)])
    chains = Chains(problem, start)
    for _ in range(300):
        chains.move(np.full(7, 3.0), rng)
    expected = problem.energies(chains.arrangements)
    expected += PENALTY_eV * problem.violations(chains.arrangements)
    np.testing.assert_allclose(chains.energies, expected, rtol=1e-10)
    assert (chains.arrangements != start).any(axis=1).all()
    for arrangement in chains.arrangements:
        counts = np.bincount(arrangement, minlength=len(problem.counts))
        np.testing.assert_array_equal(counts, problem.counts)
        assert problem.allowed[np.arange(12), arrangement].all()


def test_chains_visit_arrangements_with_their_boltzmann_weights() -> None:
    """Three species on one sublattice: the heat bath keeps detailed balance."""
    problem = problem_of(antifluorite(), min_distance_A=0.0)
    kT, rng = 2.0, np.random.default_rng(5)
    names: dict[bytes, int] = {}
    arrangements = []
    for aluminium in range(8):
        for empty in itertools.combinations(set(range(8)) - {aluminium}, 2):
            arrangement = np.full(8, problem.species.index("Li"))
            arrangement[aluminium] = problem.species.index("Al")
            arrangement[list(empty)] = 0
            names[arrangement.tobytes()] = len(names)
            arrangements.append(arrangement)
    energies = problem.energies(np.array(arrangements))
    weights = np.exp(-(energies - energies.min()) / kT)
    levels = np.unique(energies.round(6))
    expected = (
        np.array([weights[energies.round(6) == level].sum() for level in levels])
        / weights.sum()
    )
    n_chains, n_samples = 400, 60
    chains = Chains(
        problem, np.array([problem.random_arrangement(rng) for _ in range(n_chains)])
    )
    seen = np.zeros(len(names))
    for sample in range(n_samples + 5):
        for _ in range(12):
            chains.move(np.full(n_chains, kT), rng)
        if sample >= 5:
            for arrangement in chains.arrangements:
                seen[names[arrangement.tobytes()]] += 1
    found = np.array([seen[energies.round(6) == level].sum() for level in levels])
    found /= seen.sum()
    # 24,000 samples: independent ones would scatter by less than 0.0033
    np.testing.assert_allclose(found, expected, atol=0.015)
    assert expected.max() < 0.9  # several levels are populated: the test can fail


@pytest.mark.parametrize("method", ["tempering", "annealing"])
@pytest.mark.parametrize("make", [antifluorite, two_sublattices])
def test_search_finds_the_lowest_of_all_arrangements(make, method: str) -> None:
    exact = order_sites(make(), method="enumeration", rng=np.random.default_rng(0))
    found = order_sites(
        make(), method=method, n_runs=4, n_sweeps=100, rng=np.random.default_rng(1)
    )
    np.testing.assert_allclose(
        found.electrostatic_energies_eV[:3],
        exact.electrostatic_energies_eV[:3],
        rtol=1e-10,
    )
    assert found.n_runs_lowest >= 3
    assert found.site_counts[0] == exact.site_counts[0]
    assert found.n_equivalent[:3] == exact.n_equivalent[:3]


def zirconium_and_hafnium(repetitions=(2, 2, 2)) -> DisorderedCrystal:
    """Half Zr, half Hf on M of the layered form: charges do not tell them apart."""
    atoms = build_prototype("Li2ZrCl6").repeat(repetitions)
    names = [atoms.info["site_names"][site] for site in atoms.arrays["site"]]
    return DisorderedCrystal(
        cell_A=atoms.cell.array,
        scaled_positions=atoms.get_scaled_positions(),
        occupancies=tuple(
            {"Zr": 0.5, "Hf": 0.5} if symbol == "Zr" else {symbol: 1.0}
            for symbol in atoms.symbols
        ),
        site_names=tuple(names),
    )


@pytest.mark.parametrize("method", ["tempering", "annealing"])
def test_orders_of_equal_energy_are_all_found(method: str) -> None:
    """4 Zr and 4 Hf on 8 sites: 70 arrangements, 10 orders, one energy."""
    crystal = zirconium_and_hafnium()
    options = {"n_keep": 50, "n_runs": 2, "n_sweeps": 200}
    exact, found = (
        order_sites(crystal, method=how, rng=np.random.default_rng(0), **options)
        for how in ("enumeration", method)
    )
    assert sorted(exact.n_equivalent) == [2, 2, 2, 4, 4, 8, 8, 8, 16, 16]
    assert sum(exact.n_equivalent) == 70
    assert sorted(found.n_equivalent) == sorted(exact.n_equivalent)


def test_a_potential_chooses_among_all_orders_of_equal_energy() -> None:
    crystal = zirconium_and_hafnium()
    potential = AsePotential(ZrHfPairs())
    options = {"potential": potential, "n_runs": 2, "n_sweeps": 200}
    every, three = (
        order_sites(crystal, n_keep=n, rng=np.random.default_rng(0), **options)
        for n in (50, 3)
    )
    assert len(every.structures) == 10
    assert len(three.structures) == 3
    assert every.potential_energies_eV is not None
    assert len(set(np.round(every.potential_energies_eV, 6))) > 3
    assert three.potential_energies_eV == every.potential_energies_eV[:3]


def test_images_of_all_distinct_arrangements_are_all_arrangements() -> None:
    """8 sites, 1 Al, 2 vacancies: 8 x C(7, 2) = 168."""
    ordering = order_sites(
        antifluorite(),
        min_distance_A=0.0,
        method="enumeration",
        n_keep=200,
        rng=np.random.default_rng(0),
    )
    assert sum(ordering.n_equivalent) == 168
    cubic = order_sites(
        antifluorite((4.6, 4.6, 4.6)),
        min_distance_A=0.0,
        method="enumeration",
        n_keep=200,
        rng=np.random.default_rng(0),
    )
    assert sum(cubic.n_equivalent) == 168
    assert len(cubic.structures) < len(ordering.structures)


def test_same_minimum_as_pymatgen() -> None:
    crystal = antifluorite()
    structure = crystal.to_pymatgen()
    structure.add_oxidation_state_by_element(CHARGES)
    fast = OrderDisorderedStructureTransformation(
        algo=OrderDisorderedStructureTransformation.ALGO_FAST
    )
    theirs = fast.apply_transformation(structure, return_ranked_list=3)[0]["energy"]
    ours = order_sites(
        crystal, n_runs=2, n_sweeps=100, rng=np.random.default_rng(0)
    ).electrostatic_energies_eV[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_llzo_lowest_is_found_by_most_runs_in_time(llzo_ordering) -> None:
    ordering, seconds = llzo_ordering
    assert ordering.n_runs_lowest >= 8
    assert seconds < 30
    np.testing.assert_allclose(
        ordering.electrostatic_energies_eV[0], LOWEST_LLZO_eV, rtol=1e-9
    )


def test_llzo_structures(llzo_ordering) -> None:
    ordering, _ = llzo_ordering
    assert ordering.excluded_pairs == (0,) * len(ordering.structures)
    assert {pair[:2]: pair[4] for pair in ordering.forbidden_pairs} == {
        ("Li24d", "Li96h"): 96,
        ("Li96h", "Li96h"): 48,
    }
    for atoms, counts in zip(ordering.structures, ordering.site_counts, strict=True):
        assert atoms.get_chemical_formula(mode="metal") == "La24Li56Zr16O96"
        lithium = atoms[atoms.numbers == 3]
        nearest = lithium.get_all_distances(mic=True)
        np.fill_diagonal(nearest, np.inf)
        assert nearest.min() > 2.3  # beyond every nearest 24d-96h and 96h-96h pair
        assert counts["Li24d"]["Li"] + counts["Li96h"]["Li"] == 56
        names = [atoms.info["site_names"][site] for site in atoms.arrays["site"]]
        assert all(
            name.startswith(s) for name, s in zip(names, atoms.symbols, strict=True)
        )
    assert list(ordering.electrostatic_energies_eV) == sorted(
        ordering.electrostatic_energies_eV
    )


def test_llzo_structures_are_distinct_by_symmetry(llzo_ordering) -> None:
    ordering, _ = llzo_ordering
    crystal = build_llzo_cubic()
    permutations = site_permutations(crystal)
    names = set()
    for atoms in ordering.structures:
        delta = crystal.scaled_positions[:, None] - atoms.get_scaled_positions()[None]
        near = np.abs(delta - np.round(delta)).max(axis=2) < 1e-6
        names.add(canonical_arrangement(near.any(axis=1), permutations)[0])
    assert len(names) == len(ordering.structures)


def test_point_charges_find_the_tetragonal_order_of_llzo() -> None:
    """Octahedra full at their centres, 48g: 8 of 24 tetrahedra, I4_1/acd as measured.

    The tetragonal axis can lie along each of the three cubic ones.
    """
    cubic = build_llzo_cubic()
    names = np.array(cubic.site_names)
    split = cubic.scaled_positions[names == "Li96h"]
    delta = split[:, None] - split[None]
    delta -= np.round(delta)
    lengths = np.linalg.norm(delta @ cubic.cell_A, axis=2)
    np.fill_diagonal(lengths, np.inf)
    partner = lengths.argmin(axis=1)
    first = np.flatnonzero(np.arange(96) < partner)
    centres = split[first] - delta[first, partner[first]] / 2
    kept = np.flatnonzero(names != "Li96h")
    crystal = DisorderedCrystal(
        cell_A=cubic.cell_A,
        scaled_positions=np.vstack([cubic.scaled_positions[kept], centres]),
        occupancies=tuple(
            {"Li": 1 / 3} if names[i] == "Li24d" else cubic.occupancies[i] for i in kept
        )
        + ({"Li": 1.0},) * 48,
        site_names=(*names[kept].tolist(), *["Li48g"] * 48),
    )
    ordering = order_sites(
        crystal,
        min_distance_A=0.0,  # in the relaxed form the octahedral ions move away
        n_runs=3,
        n_sweeps=200,
        rng=np.random.default_rng(0),
    )
    assert ordering.space_groups[0] == "I4_1/acd (142)"
    assert ordering.n_equivalent[0] == 3
    assert ordering.n_runs_lowest == 3


def test_labels_survive_a_file(llzo_ordering, tmp_path) -> None:
    atoms = llzo_ordering[0].structures[0]
    write(tmp_path / "a.extxyz", atoms)
    back = read(tmp_path / "a.extxyz")
    assert list(back.info["site_names"]) == list(atoms.info["site_names"])
    np.testing.assert_array_equal(back.arrays["site"], atoms.arrays["site"])
    assert np.issubdtype(back.arrays["site"].dtype, np.integer)


def test_same_seed_same_answer() -> None:
    options = {"n_runs": 2, "n_sweeps": 20}
    first, again, other = (
        order_sites(build_llzo_cubic(), rng=np.random.default_rng(seed), **options)
        for seed in (7, 7, 8)
    )
    assert first.run_lowest_eV == again.run_lowest_eV
    assert first.run_lowest_eV != other.run_lowest_eV


def test_potential_ranks_in_one_batch() -> None:
    asked = []

    class Watched(AsePotential):
        def evaluate(self, structures):
            asked.append(len(structures))
            return super().evaluate(structures)

    potential = Watched(LennardJones(sigma=1.5, epsilon=0.1, rc=6.0))
    ordering = order_sites(
        antifluorite(),
        min_distance_A=0.0,
        method="enumeration",
        n_keep=6,
        potential=potential,
        rng=np.random.default_rng(0),
    )
    assert asked == [6]
    energies = ordering.potential_energies_eV
    assert energies is not None
    assert list(energies) == sorted(energies)
    np.testing.assert_allclose(
        energies, potential.evaluate(ordering.structures).energies, rtol=1e-12
    )
    assert list(ordering.electrostatic_energies_eV) != sorted(
        ordering.electrostatic_energies_eV
    )


def test_exclusions_by_name() -> None:
    loose = problem_of(build_llzo_cubic(), exclusions={("Li96h", "Li24d"): 1.0})
    assert loose.forbidden.sum() / 2 == 48
    none = problem_of(build_llzo_cubic(), min_distance_A=0.0)
    assert none.forbidden.sum() == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"counts": {"Li": 57}}, r"neutral cell; got charge \+1 .*Li: 56"),
        ({"counts": {"Na": 1}}, "must name species of the crystal; got 'Na'"),
        ({"counts": {"Li": 55.5}}, "whole numbers of atoms"),
        ({"counts": {"Li": -1}}, "whole numbers of atoms; got -1"),
        ({"min_distance_A": -1.0}, "must not be negative"),
        ({"exclusions": {("Li24d", "Zr16a"): 2.0}}, "disordered sites; got 'Zr16a'"),
        ({"oxidation_states": {"La": 2}}, "neutral cell; got charge -24"),
        ({"n_runs": 0}, "n_runs must be at least 1"),
        ({"kT_range": (0.5, 0.1)}, "positive and ascending"),
        ({"method": "guess"}, "'tempering', 'annealing' or 'enumeration'"),
        ({"method": "enumeration"}, r"'annealing' for .* arrangements"),
        (
            {"min_distance_A": 4.0, "n_runs": 1, "n_sweeps": 2},
            "without forbidden pairs; got none in 1 runs",
        ),
    ],
)
def test_what_is_refused(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        order_sites(build_llzo_cubic(), rng=np.random.default_rng(0), **options)


def test_species_without_an_oxidation_state() -> None:
    crystal = build_llzo_cubic().with_occupancy("Li24d", {"Li": 0.5, "Fe": 0.1})
    with pytest.raises(InputError, match="none for Fe"):
        order_sites(crystal, rng=np.random.default_rng(0))


def test_content_that_is_not_whole() -> None:
    crystal = build_llzo_cubic().with_occupancy("Li24d", {"Li": 0.98})
    with pytest.raises(InputError, match=r"whole number .* got 57.024 Li|neutral"):
        order_sites(crystal, rng=np.random.default_rng(0))
    half = build_llzo_cubic().with_occupancy("Li24d", {"Li": 0.9})
    with pytest.raises(
        InputError, match=r"55\.104 Li\. Give counts={'Li': 56}, which is neutral"
    ):
        order_sites(half, rng=np.random.default_rng(0))


def test_one_arrangement_only_is_found_without_moves() -> None:
    """No vacancies, one species per site kind: nothing can move."""
    ordering = order_sites(
        antifluorite().with_occupancy("M8", {"Li": 0.5, "Na": 0.5}),
        counts={"Li": 8, "Na": 0},
        n_runs=2,
        rng=np.random.default_rng(0),
    )
    assert ordering.n_runs_lowest == 2
    assert ordering.site_counts == ({"O4": {"O": 4}, "M8": {"Li": 8}},)


def test_ordered_crystal_and_full_sites() -> None:
    full = antifluorite().with_occupancy("M8", {"Li": 1.0})
    with pytest.raises(InputError, match="partly occupied or shared; got none"):
        order_sites(full, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="8 disordered sites; got 9 atoms"):
        order_sites(
            antifluorite(),
            counts={"Li": 9, "Al": 0},
            oxidation_states={"Li": 8 / 9},
            rng=np.random.default_rng(0),
        )
