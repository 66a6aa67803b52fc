"""Random crystals: what was asked for, no two atoms too close, the same for a seed."""

import numpy as np
import pytest
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list

from structures.random_structures import (
    build_random_structure,
    build_random_structures,
)
from training_data import InputError

HALIDE = "Li4Zr2Cl12"


def _closest(atoms, one, other):
    i, j, d = neighbor_list("ijd", atoms, 6.0)
    symbols = np.array(atoms.get_chemical_symbols())
    pair = (symbols[i] == one) & (symbols[j] == other)
    return d[pair].min() if pair.any() else np.inf


@pytest.mark.parametrize("seed", range(8))
def test_every_pair_keeps_its_distance_images_included(seed):
    atoms = build_random_structure(
        HALIDE,
        volume_per_atom_A3=(17, 24),
        rng=np.random.default_rng(seed),
        min_distances_A={"Cl-Cl": 2.8, "Cl-Zr": 2.2},
    )
    radii = {
        symbol: covalent_radii[n]
        for symbol, n in zip(("Li", "Cl", "Zr"), (3, 17, 40), strict=True)
    }
    assert _closest(atoms, "Cl", "Cl") >= 2.8
    assert _closest(atoms, "Zr", "Cl") >= 2.2
    for one, other in (("Li", "Li"), ("Li", "Cl"), ("Li", "Zr"), ("Zr", "Zr")):
        assert _closest(atoms, one, other) >= 0.8 * (radii[one] + radii[other])


def test_composition_volume_and_shape_are_those_asked_for():
    for seed in range(20):
        atoms = build_random_structure(
            HALIDE,
            volume_per_atom_A3=(18, 22),
            largest_aspect=1.5,
            rng=np.random.default_rng(seed),
        )
        assert atoms.symbols.formula.count() == {"Li": 4, "Cl": 12, "Zr": 2}
        assert 18 <= atoms.get_volume() / 18 <= 22
        lengths, angles = atoms.cell.lengths(), atoms.cell.angles()
        assert lengths.max() / lengths.min() <= 1.5
        assert angles.min() >= 60
        assert angles.max() <= 120
        assert atoms.pbc.all()


def test_one_seed_gives_one_structure_and_two_give_two():
    def make(seed):
        return build_random_structure(
            "Li4Cl4", volume_per_atom_A3=(16, 18), rng=np.random.default_rng(seed)
        )

    np.testing.assert_array_equal(make(1).positions, make(1).positions)
    assert np.abs(make(1).positions - make(2).positions).max() > 0.1


def test_structures_are_not_alike():
    """Random also means that cells differ in volume over the whole range."""
    made = build_random_structures(
        {"Li8": (15, 30)}, n_structures=30, rng=np.random.default_rng(3)
    )
    volumes = np.array([atoms.get_volume() / 8 for atoms in made.structures])
    assert volumes.min() < 18
    assert volumes.max() > 27


def test_compositions_take_turns_and_one_that_does_not_fit_is_named():
    made = build_random_structures(
        {"Li8": (18, 22), "Zr8": (3, 4)},
        n_structures=4,
        rng=np.random.default_rng(0),
    )
    assert [atoms.info["formula"] for atoms in made.structures] == ["Li8", "Li8"]
    assert [failure.id for failure in made.failures] == ["1:Zr8", "3:Zr8"]
    assert "leave room" in made.failures[0].reason


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"formula": "Xq4"}, "formula"),
        ({"formula": ""}, "formula"),
        ({"volume_per_atom_A3": (20, 10)}, "volume_per_atom_A3"),
        ({"volume_per_atom_A3": (2, 3)}, "leave room"),
        ({"min_distances_A": {"Li": 2.0}}, "min_distances_A"),
        ({"min_distances_A": {"Li-Cl": -2.0}}, "min_distances_A"),
        ({"distance_fraction": 0.0}, "distance_fraction"),
    ],
)
def test_wrong_input_is_refused(changes, word):
    options = {"formula": "Li4Cl4", "volume_per_atom_A3": (16, 18)} | changes
    formula = options.pop("formula")
    with pytest.raises(InputError, match=word):
        build_random_structure(formula, rng=np.random.default_rng(0), **options)
