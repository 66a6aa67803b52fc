"""Registry: equal shifts, exact moves, the hollow site, failures that end nothing."""

import json

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.lj import LennardJones
from ase.neighborlist import neighbor_list

from mlip.ase_potential import AsePotential
from structures.interface import Interface, build_interface
from structures.prototypes import build_prototype
from structures.registry import moved, search_registry, shift_cell
from training_data.errors import InputError

# nearest neighbours at 2.55 Å, as in copper
ARGUMENTS = {"sigma": 2.55 / 2 ** (1 / 6), "epsilon": 0.4, "rc": 5.0, "smooth": True}
PAIRS = LennardJones(**ARGUMENTS)


@pytest.fixture(scope="module")
def halide() -> Interface:
    return build_interface(
        build_prototype("Li2ZrCl6"),
        build_prototype("Li-fcc"),
        electrolyte_layers=1,
        metal_layers=2,
    )


def copper_on_nickel(**options: object) -> Interface:
    return build_interface(
        bulk("Cu", cubic=True),
        bulk("Ni", a=3.6, cubic=True),
        electrolyte_layers=3,
        metal_miller=(0, 0, 1),
        metal_layers=3,
        max_area_A2=20.0,
        **options,
    )


class NearestPair(Calculator):
    """Repulsion of Gaussians: smooth, and fast enough for hundreds of atoms."""

    implemented_properties = ("energy", "forces")

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        i, d, vectors = neighbor_list("idD", atoms, 4.5)
        pairs = np.exp(-(d**2) / 2)
        forces = np.zeros((len(atoms), 3))
        np.add.at(forces, i, -(pairs[:, None] * vectors))
        self.results = {"energy": pairs.sum() / 2, "forces": forces}


def test_shift_cell_is_the_lattice_of_both_sides(halide: Interface) -> None:
    cell = shift_cell(halide)
    np.testing.assert_allclose(np.linalg.det(cell), 1 / (13 * 3), rtol=1e-9)
    for supercell in (halide.match.metal_supercell, halide.match.electrolyte_supercell):
        rows = np.linalg.inv(np.array(supercell)) @ np.linalg.inv(cell)
        np.testing.assert_allclose(rows, rows.round(), atol=1e-9)


def test_shift_by_the_shift_cell_changes_nothing(halide: Interface) -> None:
    potential = AsePotential(NearestPair())
    cell = shift_cell(halide)
    half = tuple(cell.sum(axis=0) / 2)
    steps = [(0.0, 0.0), tuple(cell[0]), tuple(cell[1] - 2 * cell[0]), half]
    energies = potential.evaluate(
        [moved(halide, gap_A=1.2, step=step) for step in steps]
    ).energies
    np.testing.assert_allclose(energies[1:3], energies[0], rtol=1e-9)
    # the 39 pairs of cells average nearly everything out, but not all of it
    assert abs(energies[3] - energies[0]) > 1e-7 * abs(energies[0])


@pytest.mark.parametrize("vacuum_A", [None, 12.0])
def test_moved_interface_is_the_one_that_is_built_there(
    vacuum_A: float | None,
) -> None:
    options = {"electrolyte_layers": 1, "metal_layers": 2, "vacuum_A": vacuum_A}
    crystals = build_prototype("Li2ZrCl6"), build_prototype("Li-fcc")
    start = build_interface(*crystals, **options)
    there = build_interface(*crystals, gap_A=3.1, shift=(0.2, 0.7), **options)
    found = moved(start, gap_A=3.1, step=(0.2, 0.7))
    np.testing.assert_allclose(found.cell[:], there.atoms.cell[:], atol=1e-9)
    away = found.get_scaled_positions() - there.atoms.get_scaled_positions()
    np.testing.assert_allclose(away - np.round(away), 0.0, atol=1e-9)
    for name in ("side", "layer", "site"):
        np.testing.assert_array_equal(found.arrays[name], there.atoms.arrays[name])


def test_fourfold_hollow_is_found() -> None:
    found = search_registry(
        copper_on_nickel(vacuum_A=10.0),
        AsePotential(PAIRS),
        gaps_A=(1.6, 1.8, 2.0, 2.3),
        n_shifts=2,
    )
    np.testing.assert_allclose(found.shift, (0.5, 0.5))
    assert found.gap_A == 1.8  # half of the lattice constant
    assert found.energies_eV.shape == (4, 4)
    assert found.energy_eV == found.energies_eV.min()
    again = AsePotential(PAIRS).evaluate([found.atoms]).energies[0]
    np.testing.assert_allclose(again, found.energy_eV, rtol=1e-12)
    spread = np.ptp(found.energies_eV[1]) / found.area_A2 * 16.0217663
    np.testing.assert_allclose(found.corrugation_J_per_m2, spread, rtol=1e-6)
    json.dumps(found.to_json())


def test_start_shift_is_added() -> None:
    found = search_registry(
        copper_on_nickel(vacuum_A=10.0, shift=(0.5, 0.5)),
        AsePotential(PAIRS),
        gaps_A=(1.8,),
        n_shifts=1,
    )
    np.testing.assert_allclose(found.shift, (0.5, 0.5))


class Picky(LennardJones):
    """Refuse what is close together."""

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        distances = atoms.get_all_distances(mic=True)
        np.fill_diagonal(distances, 9.0)
        if distances.min() < 1.7:
            raise RuntimeError("atoms overlap")
        super().calculate(atoms, properties, system_changes)


def test_one_bad_structure_never_ends_the_search() -> None:
    interface = copper_on_nickel(vacuum_A=10.0)
    found = search_registry(
        interface, AsePotential(Picky(**ARGUMENTS)), gaps_A=(0.8, 1.8), n_shifts=2
    )
    assert np.isnan(found.energies_eV[0, 0])
    assert {failure.reason for failure in found.failures}
    np.testing.assert_allclose(found.shift, (0.5, 0.5))
    with pytest.raises(InputError, match="evaluate at least one"):
        search_registry(
            interface, AsePotential(Picky(**ARGUMENTS)), gaps_A=(0.4,), n_shifts=1
        )


class Tempting(Calculator):
    """What a potential may do far from its data: the closer, the lower."""

    implemented_properties = ("energy", "forces")

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = {
            "energy": float(atoms.cell[2, 2]),
            "forces": np.zeros((len(atoms), 3)),
        }


def test_overlapping_atoms_are_never_the_best_registry(halide: Interface) -> None:
    found = search_registry(
        halide, AsePotential(Tempting()), gaps_A=(0.3, 2.2, 2.8), n_shifts=1
    )
    from matplotlib import pyplot as plt

    ax = found.plot()
    np.testing.assert_allclose(ax.lines[0].get_xdata(), (2.2, 2.8))
    plt.close(ax.figure)
    assert found.gap_A == 2.2
    assert np.isnan(found.energies_eV[:, 0]).tolist() == [True, False, False]
    (failure,) = found.failures
    assert failure.id == "0"
    assert "atoms overlap: " in failure.reason
    with pytest.raises(InputError, match="atoms overlap"):
        search_registry(halide, AsePotential(Tempting()), gaps_A=(0.3,), n_shifts=1)


def test_input_is_not_changed(halide: Interface) -> None:
    before = halide.atoms.copy()
    moved(halide, gap_A=4.0, step=(0.3, 0.3))
    assert halide.atoms == before


def test_picture_of_the_energies() -> None:
    from matplotlib import pyplot as plt

    found = search_registry(
        copper_on_nickel(vacuum_A=10.0),
        AsePotential(PAIRS),
        gaps_A=(2.0, 1.8),
        n_shifts=2,
    )
    ax = found.plot()
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "gap (Å)",
        "energy above the best (J/m²)",
    )
    np.testing.assert_allclose(ax.lines[0].get_xdata(), (1.8, 2.0))
    assert min(ax.lines[0].get_ydata()) == 0.0
    plt.close(ax.figure)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"gaps_A": ()}, "gaps_A must be positive"),
        ({"gaps_A": (2.0, -1.0)}, "gaps_A must be positive"),
        ({"n_shifts": 0}, "n_shifts must be at least 1"),
        ({"n_shifts": 40}, "at most 2000 structures; got 8000"),
    ],
)
def test_bad_input(
    halide: Interface, options: dict[str, object], expected: str
) -> None:
    with pytest.raises(InputError, match=expected):
        search_registry(halide, AsePotential(PAIRS), **options)
