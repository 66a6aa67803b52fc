"""Bond valence barriers against published numbers, symmetry, and arithmetic."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal
from ase.units import kB

from screening.bond_valence import bond_valence_barriers, bond_valence_diffusivity
from training_data.errors import InputError


def _lithium_iron_phosphate():
    """LiFePO4, Streltsov et al., Acta Cryst. B 49, 147 (1993): data for tests."""
    return crystal(
        ["Li", "Fe", "P", "O", "O", "O"],
        [
            (0.0, 0.0, 0.0),
            (0.2822, 0.25, 0.9747),
            (0.0948, 0.25, 0.4182),
            (0.0968, 0.25, 0.7428),
            (0.4571, 0.25, 0.2060),
            (0.1656, 0.0465, 0.2848),
        ],
        spacegroup=62,
        cellpar=[10.3298, 6.0079, 4.6927, 90, 90, 90],
    )


CHARGES = {"Fe": 2, "P": 5}


@pytest.fixture(scope="module")
def phosphate():
    return bond_valence_barriers(
        _lithium_iron_phosphate(), oxidation_states=CHARGES, resolution_A=0.2
    )


def test_channels_of_lithium_iron_phosphate_are_those_published(phosphate):
    """BVlain's own documentation: 0.44, 3.33 and 3.36 eV, with DFT coordinates."""
    assert phosphate.barrier_1d_eV == pytest.approx(0.44, abs=0.1)
    assert phosphate.barrier_2d_eV == pytest.approx(3.33, rel=0.15)
    assert phosphate.barrier_3d_eV == pytest.approx(3.36, rel=0.15)


def test_more_directions_never_cost_less(phosphate):
    assert phosphate.barrier_1d_eV <= phosphate.barrier_2d_eV
    assert phosphate.barrier_2d_eV <= phosphate.barrier_3d_eV
    assert phosphate.conducting_barrier_eV == phosphate.barrier_3d_eV
    assert phosphate.energy_eV.min() == 0.0


def test_turning_the_crystal_and_naming_axes_anew_changes_little(phosphate):
    atoms = _lithium_iron_phosphate()
    turned = Atoms(
        atoms.numbers,
        cell=np.roll(atoms.cell.array, 1, axis=0)[:, [1, 2, 0]],
        scaled_positions=np.roll(atoms.get_scaled_positions(), 1, axis=1),
        pbc=True,
    )
    found = bond_valence_barriers(turned, oxidation_states=CHARGES, resolution_A=0.2)
    assert found.barrier_1d_eV == pytest.approx(phosphate.barrier_1d_eV, abs=0.02)
    assert found.barrier_3d_eV == pytest.approx(phosphate.barrier_3d_eV, abs=0.02)


def test_cubic_crystal_conducts_alike_in_all_directions():
    antiperovskite = crystal(
        ["Li", "O", "Cl"],
        [(0.5, 0, 0), (0, 0, 0), (0.5, 0.5, 0.5)],
        spacegroup=221,
        cellpar=[3.91, 3.91, 3.91, 90, 90, 90],
    )
    found = bond_valence_barriers(antiperovskite, resolution_A=0.25)
    assert found.barrier_1d_eV == found.barrier_2d_eV == found.barrier_3d_eV
    assert 0.1 < found.barrier_3d_eV < 1.5


def test_structure_is_left_alone(phosphate):
    atoms = _lithium_iron_phosphate()
    before = atoms.copy()
    bond_valence_barriers(atoms, oxidation_states=CHARGES, resolution_A=0.5)
    assert atoms == before
    assert phosphate.to_json()["mobile_ion"] == "Li+"


def test_diffusivity_is_arrhenius():
    low, high = (bond_valence_diffusivity(0.4, temperature_K=t) for t in (300.0, 400.0))
    slope = np.log(high / low) / (1 / 300.0 - 1 / 400.0)
    assert slope * kB == pytest.approx(0.4, rel=1e-9)
    assert bond_valence_diffusivity(None) == 0.0
    # 10 THz (2 Å)² = 1e13 /s · 4e-16 cm²
    assert bond_valence_diffusivity(0.0) == pytest.approx(4e-3, rel=1e-12)


def test_plot_shows_the_barriers(phosphate):
    axes = phosphate.plot()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [label[:2] for label in labels] == ["1D", "2D", "3D"]
    assert "eV" in axes.get_xlabel()


@pytest.mark.parametrize(
    ("atoms", "options", "said"),
    [
        (bulk("NaCl", "rocksalt", a=5.64), {}, "mobile_ion must be in the crystal"),
        (bulk("LiCl", "rocksalt", a=5.13), {"resolution_A": 0.0}, "resolution_A must"),
        (
            bulk("LiO", "rocksalt", a=4.2),
            {"oxidation_states": {"O": -2}},
            "must be neutral",
        ),
        (
            bulk("LiXe", "rocksalt", a=5.0),
            {"oxidation_states": {"Xe": -1}},
            r"bond valence parameters.*none for Xe\)",
        ),
        (Atoms("LiCl", [(0, 0, 0), (2.5, 0, 0)]), {}, "periodic"),
    ],
)
def test_what_cannot_be_computed_is_refused(atoms, options, said):
    with pytest.raises(InputError, match=said):
        bond_valence_barriers(atoms, **options)
