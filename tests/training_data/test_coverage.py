"""Order parameters with known values, the map, and distances from a set."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.data import covalent_radii

from training_data import (
    InputError,
    coverage,
    load_shipped,
    steinhardt_order,
    training_distance,
)

BOND = 2 * covalent_radii[29]


def shell(directions):
    directions = np.array(directions, dtype=float)
    directions *= BOND / np.linalg.norm(directions, axis=1, keepdims=True)
    return Atoms(f"Cu{len(directions) + 1}", [(0, 0, 0), *directions])


def fcc_shell():
    found = [
        (a, b, 0) for a in (-1, 1) for b in (-1, 1)
    ]  # fmt: skip
    return shell([np.roll(v, k) for v in found for k in range(3)])


def icosahedron():
    golden = (1 + 5**0.5) / 2
    found = [(0, a, b * golden) for a in (-1, 1) for b in (-1, 1)]
    return shell([np.roll(v, k) for v in found for k in range(3)])


@pytest.mark.parametrize(
    ("cluster", "degree", "known"),
    [
        (fcc_shell(), 4, (7 / 192) ** 0.5),
        (fcc_shell(), 6, 0.574524),
        (icosahedron(), 4, 0.0),
        (icosahedron(), 6, 11**0.5 / 5),
    ],
)
def test_textbook_values_of_one_shell(cluster, degree, known):
    """All neighbours at the bond length: weights cancel, Steinhardt's values remain."""
    found = steinhardt_order(cluster, degree=degree)[0]
    assert found == pytest.approx(known, abs=2e-6)


def test_invariant_under_rotation_supercell_and_order():
    rng = np.random.default_rng(0)
    atoms = load_shipped()[40]
    order = steinhardt_order(atoms)
    wide = atoms.repeat((2, 1, 1))
    np.testing.assert_allclose(steinhardt_order(wide), np.tile(order, 2), rtol=1e-9)
    mixed = rng.permutation(len(atoms))
    turned = atoms[mixed]
    turned.rotate(33, (1, 2, 3), rotate_cell=True)
    turned.wrap()
    np.testing.assert_allclose(steinhardt_order(turned), order[mixed], rtol=1e-6)


def test_weight_falls_with_distance_and_is_smooth():
    lengths = np.linspace(0.8, 2.6, 400) * BOND
    values = np.array(
        [
            steinhardt_order(Atoms("Cu2", [(0, 0, 0), (0, 0, r)]), degree=2)[0]
            for r in lengths
        ]
    )
    assert np.abs(np.diff(values)).max() < 0.02
    assert values[-1] == 0
    steep = steinhardt_order(Atoms("Cu2", [(0, 0, 0), (0, 0, 3.9)]), decay=2.0)[0]
    assert steep < steinhardt_order(Atoms("Cu2", [(0, 0, 0), (0, 0, 3.9)]))[0]


def test_map_of_the_shipped_set():
    dataset = load_shipped()
    found = coverage(list(dataset.frames[:40]))
    assert found.n_frames == 40
    expected = dataset[0].get_masses().sum() / dataset[0].get_volume() * 1.66053907
    assert found.density_g_per_cm3[0] == pytest.approx(expected, rel=1e-6)
    assert found.formulas[0] == "Li2ZrCl6"
    assert abs(np.nansum(found.energy_eV_per_atom)) < 40
    for against, label in (("density", "density"), ("energy", "energy")):
        axis = found.plot(against=against)
        assert label in axis.get_ylabel()
        assert sum(len(c.get_offsets()) for c in axis.collections) == 40


def test_energies_are_relative_to_the_elements():
    """A set whose energies are linear in the composition has none left."""
    frames = []
    for repeat, energy in (((1, 1, 1), -7.0), ((2, 1, 1), -14.0)):
        atoms = bulk("LiCl", "rocksalt", a=5.1).repeat(repeat)
        atoms.info["REF_energy"] = energy
        frames.append(atoms)
    found = coverage(frames)
    np.testing.assert_allclose(found.energy_eV_per_atom, 0, atol=1e-9)


def test_distance_of_known_and_unknown_structures():
    dataset = load_shipped()
    frames = [f for f in dataset.frames if set(f.symbols) == {"Li", "Cl"}]
    near, far = frames[0].repeat((2, 1, 1)), bulk("LiCl", "zincblende", a=5.6)
    found = training_distance([near, far, bulk("Hf")], frames)
    assert found.distances[0] == pytest.approx(0, abs=1e-3)
    assert found.nearest[0] == 0
    assert not found.outside[0]
    assert found.outside[1]
    assert np.isinf(found.distances[2])
    reasons = [each["reason"] for each in found.to_json()["structures"]]
    assert reasons == [None, None, "Hf: in no configuration"]
    assert [text.get_text() for text in found.plot().texts] == [reasons[2]]
    assert found.outside[2]
    assert found.to_json()["structures"][2]["distance"] is None


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="at least one"):
        coverage([])
    with pytest.raises(InputError, match="at least one atom"):
        steinhardt_order(Atoms())
    with pytest.raises(InputError, match="degree"):
        steinhardt_order(bulk("Cu"), degree=-1)
