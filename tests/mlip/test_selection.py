"""Selection: known farthest points, limits, repetitions, what was known before."""

import json

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.lj import LennardJones

from mlip.ase_potential import AsePotential
from mlip.committee import CommitteePotential
from mlip.selection import committee_disagreements, select_structures
from training_data import InputError, fingerprint


def _strained(percent):
    return bulk("Li", "bcc", a=3.4 * (1 + percent / 100))


def test_equal_doubts_give_the_farthest_points():
    """On a line of strains the ends go first, then the middle of the widest gap."""
    strains = [0, 1, 2, 3, 4, 10]
    cells = [_strained(percent) for percent in strains]
    found = select_structures(cells, np.full(6, 0.3), n_wanted=3, known=[_strained(0)])
    assert [strains[k] for k in found.chosen[:2]] == [10, 4]
    prints = [fingerprint(cell) for cell in cells]
    assert found.distances[0] == pytest.approx(prints[5].distance(prints[0]), rel=1e-6)
    assert list(found.distances) == sorted(found.distances, reverse=True)


def test_each_choice_maximises_doubt_times_distance():
    """Compare with the definition, written out by brute force."""
    rng = np.random.default_rng(0)
    cells = []
    for _ in range(12):
        cell = bulk("LiCl", "rocksalt", a=5.1, cubic=True)
        cell.rattle(0.2, rng=rng)
        cells.append(cell)
    sigma = rng.uniform(0.05, 0.6, 12)
    known = [bulk("LiCl", "rocksalt", a=5.1)]
    found = select_structures(cells, sigma, n_wanted=5, known=known)
    taken, prints = [], [fingerprint(cell) for cell in cells]
    seen = [fingerprint(known[0])]
    for _ in range(5):
        scores = [
            -1.0
            if k in taken or sigma[k] < 0.1
            else sigma[k] * min(prints[k].distance(other) for other in seen)
            for k in range(12)
        ]
        taken.append(int(np.argmax(scores)))
        seen.append(prints[taken[-1]])
    assert list(found.chosen) == taken


def test_ten_frames_of_one_event_give_one_label():
    event = [_strained(5 + 1e-4 * k) for k in range(10)]
    found = select_structures(
        [*event, _strained(-5)], [0.5] * 10 + [0.2], n_wanted=5, min_distance=0.01
    )
    assert max(found.chosen) == 10
    assert len(found.chosen) == 2
    assert found.n_repeated == 9


def test_other_elements_are_farthest_of_all():
    found = select_structures(
        [_strained(8), bulk("Zr")], [0.3, 0.3], n_wanted=1, known=[_strained(0)]
    )
    assert found.chosen == (1,)
    assert found.distances == (2.0,)


def test_limits_sort_the_candidates():
    cells = [_strained(k) for k in range(5)]
    found = select_structures(
        cells,
        [0.01, 0.2, 0.3, 5.0, np.nan],
        n_wanted=9,
        least_eV_per_A=0.1,
        most_eV_per_A=1.0,
    )
    assert sorted(found.chosen) == [1, 2]
    assert (found.n_accurate, found.n_uncertain, found.n_hopeless) == (1, 2, 2)
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert plain["disagreements_eV_per_A"][-1] is None
    assert found.plot().get_xlabel().endswith("(eV/Å)")


def test_nothing_uncertain_chooses_nothing():
    assert select_structures([_strained(0)], [0.01], n_wanted=3).chosen == ()
    assert select_structures([], [], n_wanted=3).chosen == ()


def test_disagreement_of_two_wells_is_half_the_difference_of_their_forces():
    pair = Atoms("Ar2", [[0, 0, 0], [3.1, 0, 0]])
    wells = [AsePotential(LennardJones(sigma=3, epsilon=e)) for e in (0.01, 0.03)]
    far = Atoms("Ar2", [[0, 0, 0], [30, 0, 0]])
    found = committee_disagreements([pair, far], CommitteePotential(wells))
    forces = [well.evaluate([pair]).forces[0][0, 0] for well in wells]
    expected = abs(forces[0] - forces[1]) / 2
    assert found.disagreements_eV_per_A[0] == pytest.approx(expected, rel=1e-12)
    assert found.disagreements_eV_per_A[1] == 0.0
    assert expected > 0.01


def test_a_structure_that_fails_is_named_and_not_a_number():
    pair = Atoms("Ar2", [[0, 0, 0], [3.1, 0, 0]])
    broken = Atoms("Ar2", [[0, 0, 0], [np.nan, 0, 0]])
    wells = [AsePotential(LennardJones(sigma=3, epsilon=e)) for e in (0.01, 0.03)]
    for batch in ([pair, broken], [broken]):
        found = committee_disagreements(batch, CommitteePotential(wells))
        assert np.isnan(found.disagreements_eV_per_A[-1])
        assert [failure.id for failure in found.failures] == [str(len(batch) - 1)]


def test_a_single_potential_cannot_disagree():
    single = AsePotential(LennardJones(sigma=3, epsilon=1.0))
    with pytest.raises(InputError, match="committee must be one"):
        committee_disagreements([Atoms("Ar2", [[0, 0, 0], [3.1, 0, 0]])], single)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"n_wanted": 0}, "n_wanted"),
        ({"disagreements_eV_per_A": [0.1, 0.2]}, "shape"),
        ({"least_eV_per_A": 2.0, "most_eV_per_A": 1.0}, "least_eV_per_A"),
        ({"min_distance": 2.0}, "min_distance"),
    ],
)
def test_wrong_input_is_refused(changes, word):
    options = {"n_wanted": 1, "disagreements_eV_per_A": [0.2]} | changes
    sigma = options.pop("disagreements_eV_per_A")
    with pytest.raises(InputError, match=word):
        select_structures([_strained(0)], sigma, **options)
