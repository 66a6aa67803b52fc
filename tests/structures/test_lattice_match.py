"""Lattice matching: known strains, known coincidence cells, nothing missed."""

from itertools import product

import numpy as np
import pytest

from structures.alignment import alignment, coincidence_cells, standard_alignment
from structures.lattice_match import (
    in_plane_mismatch,
    lattice_matches,
)
from structures.superlattice import hermite_form, hermite_forms, lattice_symmetry
from training_data.errors import InputError

HEXAGONAL = np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])


@pytest.mark.parametrize(
    ("strains", "expected"),
    [((0.01, 0.01), 0.01), ((0.02, 0.0), 0.02), ((0.01, -0.01), 0.01 * np.sqrt(3))],
)
def test_mismatch_definition(strains: tuple[float, float], expected: float) -> None:
    np.testing.assert_allclose(
        in_plane_mismatch(np.array(strains)), expected, rtol=1e-12
    )


def test_known_strain_is_recovered() -> None:
    metal = np.array([[3.1, 0.0], [0.7, 4.3]])
    strain = np.array([[0.012, 0.004], [0.004, -0.007]])
    turn = np.array([[np.cos(0.4), np.sin(0.4)], [-np.sin(0.4), np.cos(0.4)]])
    electrolyte = np.array([[2, 1], [-1, 1]]) @ metal @ (np.eye(2) + strain) @ turn
    best = lattice_matches(metal, electrolyte, max_area_A2=45.0)[0]
    np.testing.assert_allclose(
        best.principal_strains, np.linalg.eigvalsh(strain), rtol=1e-9
    )
    assert (best.metal_multiple, best.electrolyte_multiple) == (3, 1)


def test_paper_coincidence_cell() -> None:
    metal, electrolyte = HEXAGONAL * 4.20 / np.sqrt(2), HEXAGONAL * 6.25
    first = lattice_matches(metal, electrolyte)[0]
    assert (first.metal_multiple, first.electrolyte_multiple) == (13, 3)
    expected = np.sqrt(3) * 6.25 / (np.sqrt(13) * 4.20 / np.sqrt(2)) - 1
    np.testing.assert_allclose(first.principal_strains, expected, rtol=1e-9)
    np.testing.assert_allclose(first.mismatch_percent, 100 * expected, rtol=1e-9)
    np.testing.assert_allclose(first.mismatch_percent, 1.08, atol=0.03)
    np.testing.assert_allclose(first.area_A2, 3 * 6.25**2 * np.sqrt(3) / 2, rtol=1e-9)


def test_supercells_are_related_by_the_reported_strain() -> None:
    metal, electrolyte = HEXAGONAL * 2.97, np.array([[6.4, 0.0], [1.1, 5.9]])
    for match in lattice_matches(metal, electrolyte, max_mismatch_percent=3.0):
        m = np.array(match.metal_supercell) @ metal
        s = np.array(match.electrolyte_supercell) @ electrolyte
        stretches = np.linalg.svd(np.linalg.solve(m, s), compute_uv=False)
        np.testing.assert_allclose(
            stretches[::-1] - 1, match.principal_strains, rtol=1e-9, atol=1e-12
        )
        assert np.linalg.det(m) > 0  # no mirror image
        assert np.linalg.det(s) > 0
        np.testing.assert_allclose(np.linalg.det(s), match.area_A2, rtol=1e-9)
        assert match.mismatch_percent <= 3.0


def test_smallest_first_and_limits() -> None:
    matches = lattice_matches(
        HEXAGONAL * 2.97,
        HEXAGONAL * 6.25,
        max_area_A2=350,
        min_area_A2=150,
        max_mismatch_percent=3.0,
    )
    areas = [match.area_A2 for match in matches]
    assert areas == sorted(areas)
    assert min(areas) >= 150
    assert max(areas) <= 350


def brute_force(
    metal: np.ndarray, electrolyte: np.ndarray, max_area: float, limit: float
) -> tuple[float, float]:
    """Smallest (area, mismatch) over all pairs of small integer matrices."""
    rows = np.array(list(product(range(-3, 4), repeat=2)))
    matrices = np.stack(
        [np.repeat(rows, len(rows), axis=0), np.tile(rows, (len(rows), 1))], axis=1
    )
    matrices = matrices[np.linalg.det(matrices) > 0.5]
    inverse = np.linalg.inv(matrices @ metal)
    best = (np.inf, np.inf)
    for matrix in matrices:
        u, v = matrix @ electrolyte
        area = float(np.linalg.det([u, v]))
        if area > max_area or abs(u @ v) > 0.51 * min(u @ u, v @ v):
            continue  # every superlattice has a reduced basis
        stretches = np.linalg.svd(inverse @ [u, v], compute_uv=False)
        mismatch = float(in_plane_mismatch(stretches - 1).min())
        if mismatch <= limit:
            best = min(best, (round(area, 6), round(mismatch, 9)))
    return best


@pytest.mark.parametrize("seed", [0, 1, 3, 4])
def test_smallest_match_is_that_of_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    metal = np.array([[2.0, 0.0], [rng.uniform(-1, 1), 2.2]])
    electrolyte = np.array([[3.0, 0.0], [rng.uniform(-1.5, 1.5), 3.1]])
    area, mismatch = brute_force(metal, electrolyte, 40.0, 0.06)
    assert np.isfinite(area)
    first = lattice_matches(
        metal, electrolyte, max_area_A2=40.0, max_mismatch_percent=6.0
    )[0]
    np.testing.assert_allclose(first.area_A2, area, rtol=1e-6)
    np.testing.assert_allclose(first.mismatch_percent / 100, mismatch, atol=2e-9)


def key_of(
    metal: np.ndarray, electrolyte: np.ndarray, groups: tuple[np.ndarray, np.ndarray]
) -> tuple[int, ...]:
    """Area and alignment of a pair of supercells, the same for equivalent ones."""
    numerators, denominator = alignment(metal, electrolyte)
    name = standard_alignment(numerators, metal=groups[0], electrolyte=groups[1])
    return (round(np.linalg.det(electrolyte)), denominator, *name)


def every_alignment(
    metal: np.ndarray,
    electrolyte: np.ndarray,
    groups: tuple[np.ndarray, np.ndarray],
    limits: tuple[float, float],
) -> set[tuple[int, ...]]:
    """Keys of all pairs: Hermite forms on one side, all small matrices on the other."""
    max_area, limit = limits
    rows = np.array(list(product(range(-7, 8), repeat=2)))
    matrices = np.stack(
        [np.repeat(rows, len(rows), axis=0), np.tile(rows, (len(rows), 1))], axis=1
    )
    matrices = matrices[np.linalg.det(matrices) > 0.5]
    inverses = np.linalg.inv(matrices @ metal)
    keys = set()
    n_cells = int(max_area / np.linalg.det(electrolyte) * (1 + 1e-9))
    for form in (f for n in range(1, n_cells + 1) for f in hermite_forms(n)):
        forms = inverses @ (form @ electrolyte)
        stretches = np.linalg.svd(forms, compute_uv=False)
        for k in np.flatnonzero(in_plane_mismatch(stretches - 1) <= limit):
            keys.add(key_of(matrices[k], form, groups))
    return keys


@pytest.mark.parametrize(
    ("metal", "electrolyte", "limit"),
    [
        (HEXAGONAL * 2.0, HEXAGONAL * 2.3, 0.06),
        (np.eye(2) * 2.0, np.array([[2.1, 0.0], [0.0, 2.6]]), 0.09),
        (HEXAGONAL * 2.1, np.eye(2) * 2.4, 0.08),
        (np.array([[2.0, 0.0], [0.7, 2.2]]), np.array([[2.4, 0.0], [-0.5, 2.9]]), 0.06),
    ],
    ids=["hexagons", "rectangles", "hexagon on square", "oblique"],
)
@pytest.mark.parametrize("lowered", [False, True], ids=["full symmetry", "none"])
def test_no_alignment_is_missing(
    metal: np.ndarray,
    electrolyte: np.ndarray,
    limit: float,
    lowered: bool,
) -> None:
    alone = np.eye(2, dtype=int)[None]
    groups = (
        (alone, alone)
        if lowered
        else (lattice_symmetry(metal), lattice_symmetry(electrolyte))
    )
    expected = every_alignment(metal, electrolyte, groups, (30.0, limit))
    found = lattice_matches(
        metal,
        electrolyte,
        max_area_A2=30.0,
        max_mismatch_percent=100 * limit,
        metal_symmetry=groups[0],
        electrolyte_symmetry=groups[1],
    )
    keys = [
        key_of(np.array(m.metal_supercell), np.array(m.electrolyte_supercell), groups)
        for m in found
    ]
    assert set(keys) == expected
    assert len(keys) == len(expected)  # and none is listed twice


def test_surfaces_of_lower_symmetry_have_more_matches() -> None:
    # a threefold surface on another: turned by 60° they are two interfaces
    threefold = np.array(
        [g for g in lattice_symmetry(HEXAGONAL) if np.trace(g) in {2, -1}]
    )
    threefold = np.array([g for g in threefold if np.linalg.det(g) > 0])
    assert len(threefold) == 3
    same = {"max_area_A2": 1.0, "max_mismatch_percent": 1.0}
    lattices = lattice_matches(HEXAGONAL, HEXAGONAL, **same)
    surfaces = lattice_matches(
        HEXAGONAL,
        HEXAGONAL,
        metal_symmetry=threefold,
        electrolyte_symmetry=threefold,
        **same,
    )
    assert (len(lattices), len(surfaces)) == (1, 2)
    turned = sorted(abs(match.rotation_degree) % 120 for match in surfaces)
    np.testing.assert_allclose(turned, (0.0, 60.0), atol=1e-9)


def test_multiples_of_a_match_are_marked() -> None:
    found = lattice_matches(
        HEXAGONAL * 2.97, HEXAGONAL * 6.25, max_area_A2=310, max_mismatch_percent=2.0
    )
    first = found[0]
    multiples = [m for m in found if m.principal_strains[1] > 0.01]
    assert [m.primitive for m in multiples] == [True, False, False]
    for match in multiples[1:]:
        keys = [
            alignment(np.array(m.metal_supercell), np.array(m.electrolyte_supercell))
            for m in (first, match)
        ]
        assert [coincidence_cells(*key) for key in keys] == [3, 3]


def test_rotation_is_the_polar_one() -> None:
    metal, electrolyte = HEXAGONAL * 2.97, np.array([[6.4, 0.0], [1.1, 5.9]])
    for match in lattice_matches(metal, electrolyte, max_mismatch_percent=3.0):
        m = np.array(match.metal_supercell) @ metal
        s = np.array(match.electrolyte_supercell) @ electrolyte
        angle = np.radians(match.rotation_degree)
        turn = np.array(
            [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
        )
        stretch = np.linalg.solve(m @ turn, s)
        np.testing.assert_allclose(stretch, stretch.T, atol=1e-9)


@pytest.mark.parametrize(
    ("cell", "order"),
    [
        (HEXAGONAL, 12),
        (np.eye(2), 8),
        (np.diag([1.0, 1.7]), 4),
        (np.array([[1.0, 0.4], [-1.0, 0.4]]), 4),  # centred rectangle
        (np.array([[1.0, 0.0], [0.3, 1.2]]), 2),
        (np.array([[5.0, 1.0], [7.0, 1.6]]) @ np.eye(2), 2),
        (np.array([[1, 4], [0, 1]]) @ HEXAGONAL, 12),  # a skewed basis of the same
    ],
)
def test_symmetry_of_plane_lattices(cell: np.ndarray, order: int) -> None:
    group = lattice_symmetry(cell)
    assert len(group) == order
    for g in group:
        np.testing.assert_allclose(
            g @ cell @ (g @ cell).T, cell @ cell.T, rtol=1e-6, atol=1e-9
        )
        assert any((g @ h == np.eye(2)).all() for h in group)


def test_hermite_form_names_a_superlattice() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        matrix = rng.integers(-6, 7, (2, 2))
        if round(np.linalg.det(matrix)) == 0:
            continue
        form = hermite_form(matrix)
        change = matrix @ np.linalg.inv(form)
        np.testing.assert_allclose(change, change.round(), atol=1e-9)
        assert abs(round(np.linalg.det(change))) == 1
        n_cells = abs(round(np.linalg.det(matrix)))
        assert form.tolist() in [known.tolist() for known in hermite_forms(n_cells)]


def test_equally_long_vectors_are_matched_both_ways() -> None:
    # pymatgen issue 2194: |a| < |b| on one side and |a| > |b| on the other
    found = lattice_matches(
        np.array([[0.99, 0.0], [0.0, 1.01]]),
        np.array([[1.0, 0.0], [0.0, 1.02]]),
        max_area_A2=1.1,
        max_mismatch_percent=5.0,
    )
    strains = found[0].principal_strains
    np.testing.assert_allclose(strains, (1.02 / 1.01 - 1, 1.0 / 0.99 - 1), rtol=1e-9)


def test_area_limit_that_is_hit_exactly_counts() -> None:
    # pymatgen issue 2457: the last multiple below max_area was lost
    found = lattice_matches(
        np.eye(2), np.eye(2) * 2.0, max_area_A2=4.0, max_mismatch_percent=0.1
    )
    np.testing.assert_allclose(found[0].area_A2, 4.0, rtol=1e-12)


def test_no_match_tells_the_best_one() -> None:
    with pytest.raises(InputError, match=r"best within 40 Å² is 4\.\d+ %"):
        lattice_matches(HEXAGONAL * 2.97, HEXAGONAL * 6.22, max_area_A2=40.0)


def test_area_that_explodes_is_refused_before_the_search() -> None:
    with pytest.raises(InputError, match="max_area_A2 must be at most 130, 150"):
        lattice_matches(HEXAGONAL, HEXAGONAL, max_area_A2=1e5)


def test_left_handed_cell_is_refused() -> None:
    with pytest.raises(InputError, match="metal must be a right-handed cell"):
        lattice_matches(HEXAGONAL[::-1], HEXAGONAL)


@pytest.mark.parametrize("option", ["max_area_A2", "max_mismatch_percent"])
def test_bad_limits(option: str) -> None:
    with pytest.raises(InputError, match=f"{option} must be positive"):
        lattice_matches(HEXAGONAL, HEXAGONAL, **{option: 0.0})
