"""Elastic bands on surfaces with known saddles, and against ASE's."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.mep import NEB
from ase.optimize import FIRE
from scipy.integrate import solve_ivp

from mlip.ase_potential import AsePotential
from structures.band_forces import band_forces
from structures.nudged_elastic_band import minimum_energy_paths
from structures.pair_distance_path import pair_distance_path
from structures.relaxation import relax
from training_data.errors import InputError


class CurvedValley(Calculator):
    """E = h (x² − 1)² + k (y − c (1 − x²))²: minima at (±1, 0), saddle h at (0, c)."""

    implemented_properties = ("energy", "forces")
    height, stiffness, bend = 0.37, 2.0, 0.6

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        x, y, z = atoms.positions.T
        off = y - self.bend * (1 - x**2)
        energy = self.height * (x**2 - 1) ** 2 + self.stiffness * off**2 + z**2
        forces = np.zeros_like(atoms.positions)
        forces[:, 0] = -4 * self.height * x * (x**2 - 1)
        forces[:, 0] -= 4 * self.stiffness * off * self.bend * x
        forces[:, 1] = -2 * self.stiffness * off
        forces[:, 2] = -2 * z
        self.results = {"energy": float(energy.sum()), "forces": forces}


class Tilted(CurvedValley):
    """The same with a slope along x, whose stationary points follow from a cubic."""

    slope = 0.1

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results["energy"] += self.slope * float(atoms.positions[:, 0].sum())
        self.results["forces"][:, 0] -= self.slope


def _at(x, y=0.0):
    return Atoms("H", positions=[(x, y, 0)])


@pytest.mark.parametrize("n_images", [1, 4, 7])
def test_saddle_of_a_curved_valley(n_images):
    """With an even number of images the highest one has to climb to the saddle."""
    (path,) = minimum_energy_paths(
        [(_at(-1.0), _at(1.0))],
        AsePotential(CurvedValley()),
        n_images=n_images,
        fmax_eV_per_A=1e-4,
    )
    assert path.converged
    assert path.climbed
    assert path.barrier_eV == pytest.approx(CurvedValley.height, rel=1e-6)
    saddle = path.images[path.saddle].positions[0]
    np.testing.assert_allclose(saddle, [0, CurvedValley.bend, 0], atol=1e-3)
    assert not path.has_intermediate_minimum


def test_images_lie_on_the_way_of_steepest_descent():
    (path,) = minimum_energy_paths(
        [(_at(-1.0), _at(1.0))],
        AsePotential(CurvedValley()),
        n_images=9,
        fmax_eV_per_A=1e-4,
    )
    calculator = CurvedValley()

    def force(_, where):
        return calculator.get_property("forces", _at(*where))[0, :2]

    start = [1e-3, CurvedValley.bend]
    descent = solve_ivp(force, (0, 20), start, rtol=1e-6, atol=1e-8, max_step=0.2)
    x, y, z = np.array([image.positions[0] for image in path.images[6:]]).T
    np.testing.assert_allclose(
        y, np.interp(x, descent.y[0], descent.y[1]), rtol=0, atol=0.02
    )
    np.testing.assert_allclose(z, 0, atol=1e-9)
    gaps = np.diff(path.distances_A)
    np.testing.assert_allclose(gaps[:5], gaps[:5].mean(), rtol=0.02)
    # Slopes are derivatives of the energies along the path.
    middle = (path.energies_eV[3] - path.energies_eV[1]) / (
        path.distances_A[3] - path.distances_A[1]
    )
    assert path.slopes_eV_per_A[2] == pytest.approx(middle, rel=0.1)


def test_tilted_valley_has_two_barriers():
    roots = np.sort(
        np.roots([4 * Tilted.height, 0, -4 * Tilted.height, Tilted.slope]).real
    )

    def energy(x):
        return Tilted.height * (x**2 - 1) ** 2 + Tilted.slope * x

    low, top, high = roots
    ends = [_at(x, Tilted.bend * (1 - x**2)) for x in (low, high)]
    (path,) = minimum_energy_paths(
        [tuple(ends)], AsePotential(Tilted()), n_images=6, fmax_eV_per_A=1e-4
    )
    assert path.barrier_eV == pytest.approx(energy(top) - energy(low), rel=1e-5)
    assert path.reverse_barrier_eV == pytest.approx(
        energy(top) - energy(high), rel=1e-5
    )
    assert path.reaction_energy_eV == pytest.approx(
        energy(high) - energy(low), rel=1e-6
    )


def test_without_climbing_the_barrier_is_too_low():
    paths = [
        minimum_energy_paths(
            [(_at(-1.0), _at(1.0))],
            AsePotential(CurvedValley()),
            n_images=4,
            fmax_eV_per_A=1e-3,
            climb=climb,
        )[0]
        for climb in (False, True)
    ]
    assert paths[0].barrier_eV < 0.97 * CurvedValley.height
    assert paths[1].barrier_eV == pytest.approx(CurvedValley.height, rel=1e-4)


@pytest.fixture(scope="module")
def vacancy():
    copper = bulk("Cu", a=3.61, cubic=True) * 2
    first, last = copper[1:], copper[1:]
    last.positions[0] = copper.positions[0]
    found = relax([first, last], AsePotential(EMT()), fmax_eV_per_A=0.005)
    return found[0].atoms, found[1].atoms


def test_vacancy_of_copper_as_with_ase(vacancy):
    (path,) = minimum_energy_paths(
        [vacancy], AsePotential(EMT()), n_images=3, fmax_eV_per_A=0.01
    )
    images = [vacancy[0].copy() for _ in range(4)] + [vacancy[1].copy()]
    for image in images:
        image.calc = EMT()
    band = NEB(images, climb=True, k=0.1, method="improvedtangent")
    band.interpolate("idpp", mic=True)
    assert FIRE(band, logfile=None).run(fmax=0.01, steps=200)
    energies = [image.get_potential_energy() for image in images]
    assert path.converged
    assert path.barrier_eV == pytest.approx(max(energies) - energies[0], rel=2e-3)
    assert path.reaction_energy_eV == pytest.approx(0, abs=1e-4)


def test_many_bands_at_once_are_as_each_alone():
    """Bands end after different numbers of steps; none feels the others."""
    potential = AsePotential(Tilted())
    ends = [
        (_at(-1.0), _at(1.0)),
        (_at(1.1, -0.1), _at(-0.9, 0.1)),
        (_at(-1.0), _at(0.2, 0.5)),
    ]
    together = minimum_energy_paths(ends, potential, n_images=6)
    assert len({path.n_steps for path in together}) > 1
    for pair, both in zip(ends, together, strict=True):
        (one,) = minimum_energy_paths([pair], potential, n_images=6)
        assert both.n_steps == one.n_steps
        np.testing.assert_allclose(both.energies_eV, one.energies_eV, rtol=1e-12)


def test_fixed_atoms_stay_and_arguments_too(vacancy):
    first, last = vacancy[0].copy(), vacancy[1].copy()
    fixed = [5, 9]
    last.positions[fixed] = first.positions[fixed]
    for atoms in (first, last):
        atoms.set_constraint(FixAtoms(fixed))
    before = first.positions.copy(), last.positions.copy()
    (path,) = minimum_energy_paths([(first, last)], AsePotential(EMT()), n_images=2)
    for image in path.images:
        np.testing.assert_array_equal(image.positions[fixed], before[0][fixed])
    np.testing.assert_array_equal(first.positions, before[0])
    np.testing.assert_array_equal(last.positions, before[1])


def test_atoms_cross_the_boundary_the_short_way(vacancy):
    first, last = vacancy[0].copy(), vacancy[1].copy()
    last.positions += last.cell.array[1]
    last.wrap()
    (path,) = minimum_energy_paths(
        [(first, last)], AsePotential(EMT()), n_images=1, max_steps=1
    )
    assert path.distances_A[-1] < 4.0


class Broken(CurvedValley):
    """Cannot be evaluated above x = 0.2."""

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        if atoms.positions[0, 0] > 0.2 and atoms.positions[0, 0] < 0.9:
            raise ValueError("outside of what is known")
        super().calculate(atoms, properties, system_changes)


def test_one_bad_band_ends_no_other():
    bad, good = minimum_energy_paths(
        [(_at(-1.0), _at(1.0)), (_at(-1.0), _at(-0.5, 0.45))],
        AsePotential(Broken()),
        n_images=3,
        max_steps=5,
    )
    assert "outside of what is known" in bad.failure.reason
    assert bad.to_json()["barrier_eV"] is None
    assert good.failure is None
    assert np.isfinite(good.energies_eV).all()


def test_start_path_keeps_atoms_apart():
    """One atom of three goes around the one in its way; the straight way hits it."""
    ends = np.array(
        [
            [(-1.5, 0.1, 0), (0, 0, 0), (4, 4, 4)],
            [(1.5, 0.1, 0), (0, 0, 0), (4, 4, 4)],
        ]
    )
    straight = np.linspace(*ends, 7)
    found = pair_distance_path(Atoms("Li3", cell=[9, 9, 9], pbc=True), straight)
    np.testing.assert_array_equal(found[[0, -1]], straight[[0, -1]])

    def closest(path):
        return np.linalg.norm(path[:, 0] - path[:, 1], axis=1).min()

    assert closest(straight) < 0.11
    assert closest(found) > 1.2


def test_tangent_points_uphill():
    """Between a low and a high neighbour the tangent is towards the high one."""
    path = np.array([[[0.0, 0, 0]], [[1.0, 0, 0]], [[1.0, 1.0, 0]]])
    forces = np.zeros((3, 1, 3))
    forces[1] = [0.3, 0.7, 0]
    found = band_forces(path, np.array([0.0, 1.0, 2.0]), forces, spring=1.0)
    np.testing.assert_allclose(found.forces[0, 0], [0.3, 0.0, 0.0], atol=1e-12)
    up = band_forces(path, np.array([0.0, 1.0, 2.0]), forces, spring=1.0, climbing=1)
    np.testing.assert_allclose(up.forces[0, 0], [0.3, -0.7, 0.0], atol=1e-12)


@pytest.mark.parametrize(
    ("ends", "options", "word"),
    [
        ((_at(0.0), Atoms("He")), {}, "same atoms"),
        ((_at(0.0), _at(0.0)), {}, "must differ"),
        ((_at(0.0), _at(1.0)), {"n_images": 0}, "positive"),
        ((_at(0.0), _at(1.0)), {"start_path": "curved"}, "idpp or linear"),
    ],
)
def test_what_cannot_be_is_refused(ends, options, word):
    with pytest.raises(InputError, match=word):
        minimum_energy_paths([ends], AsePotential(CurvedValley()), **options)
