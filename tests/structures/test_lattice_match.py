"""Lattice matching: known strains, known coincidence cells, nothing missed."""

from itertools import product

import numpy as np
import pytest

from structures.lattice_match import in_plane_mismatch, lattice_matches
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


@pytest.mark.parametrize("option", ["max_area_A2", "max_mismatch_percent"])
def test_bad_limits(option: str) -> None:
    with pytest.raises(InputError, match=f"{option} must be positive"):
        lattice_matches(HEXAGONAL, HEXAGONAL, **{option: 0.0})
