"""Relaxation: lattice sums, invariance, batches, failures."""

from collections.abc import Sequence

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.constraints import FixAtoms, FixedLine

from mlip.ase_potential import AsePotential
from mlip.evaluation import Evaluation
from structures.relaxation import relax
from training_data.errors import InputError


class Counting(AsePotential):
    """Potential that remembers the size of every batch."""

    def __init__(self) -> None:
        super().__init__(EMT())
        self.batches: list[int] = []

    def evaluate(self, structures: Sequence[Atoms]) -> Evaluation:
        self.batches.append(len(structures))
        return super().evaluate(structures)


def rattled(seed: int, *, amplitude: float = 0.15) -> Atoms:
    atoms = bulk("Cu", cubic=True).repeat((2, 2, 1))
    atoms.rattle(amplitude, rng=np.random.default_rng(seed))
    return atoms


def fcc_lennard_jones() -> tuple[float, float]:
    """Lattice constant [σ] and energy per atom [ε] from the lattice sums."""
    n = np.arange(-24, 25)
    points = np.array(np.meshgrid(n, n, n)).reshape(3, -1).T
    squares = (points[points.sum(axis=1) % 2 == 0] ** 2).sum(axis=1) / 2.0
    squares = squares[(squares > 0) & (squares <= 24**2 / 2)]
    a12, a6 = np.sum(squares**-6.0), np.sum(squares**-3.0)
    # tail of the second sum: density of sites sqrt(2) per cubed neighbour distance
    a6 += 4 * np.pi * np.sqrt(2) / (3 * np.sqrt(24**2 / 2) ** 3)
    return float(np.sqrt(2) * (2 * a12 / a6) ** (1 / 6)), float(-(a6**2) / (2 * a12))


def test_fcc_lennard_jones_lattice_sum() -> None:
    lattice, energy = fcc_lennard_jones()
    np.testing.assert_allclose(energy, -8.610, rtol=1e-4)  # the textbook value
    potential = AsePotential(LennardJones(sigma=1.0, epsilon=1.0, rc=8.0))
    start = bulk("Ar", "fcc", a=1.65)
    relaxed = relax(
        start,
        potential,
        cell="full",
        fmax_eV_per_A=1e-5,
        stress_max_eV_per_A3=1e-6,
    )
    assert relaxed.converged
    found = (4 * relaxed.atoms.get_volume()) ** (1 / 3)
    # the sphere of 8 σ leaves out 0.10 % of the attractive sum: a / 6 of it
    np.testing.assert_allclose(found, lattice, rtol=2.5e-4)
    np.testing.assert_allclose(relaxed.energy_eV, energy, rtol=6e-3)
    np.testing.assert_allclose(relaxed.atoms.cell.angles(), 60.0, rtol=1e-6)


@pytest.mark.parametrize("cell", ["fixed", "full"])
def test_rattled_crystal_comes_back(cell: str) -> None:
    potential = AsePotential(EMT())
    perfect = relax(bulk("Cu", cubic=True), potential, cell="full")
    lattice = perfect.atoms.cell[0, 0]
    start = bulk("Cu", a=lattice, cubic=True).repeat(2)
    start.rattle(0.2, rng=np.random.default_rng(3))
    relaxed = relax(start, potential, cell=cell, fmax_eV_per_A=0.002)
    assert relaxed.converged
    assert relaxed.fmax_eV_per_A <= 0.002
    np.testing.assert_allclose(relaxed.energy_eV / 8, perfect.energy_eV, rtol=1e-3)


def test_cell_is_kept_when_fixed_and_z_moves_alone() -> None:
    potential = AsePotential(EMT())
    start = bulk("Cu", a=3.7, cubic=True)
    fixed = relax(start, potential)
    np.testing.assert_array_equal(fixed.atoms.cell[:], start.cell[:])
    assert fixed.stress_max_eV_per_A3 == 0.0
    along_z = relax(start, potential, cell="z", stress_max_eV_per_A3=1e-5)
    np.testing.assert_array_equal(along_z.atoms.cell[:2], start.cell[:2])
    assert along_z.atoms.cell[2, 2] < 3.6
    answer = potential.evaluate([along_z.atoms])
    assert abs(answer.stresses[0, 2]) <= 1e-5
    assert abs(answer.stresses[0, 0]) > 1e-3


def test_energy_is_that_of_the_returned_structure() -> None:
    potential = AsePotential(EMT())
    relaxed = relax(rattled(0), potential, cell="full")
    answer = potential.evaluate([relaxed.atoms])
    np.testing.assert_allclose(relaxed.energy_eV, answer.energies[0], rtol=1e-12)
    largest = np.linalg.norm(answer.forces[0], axis=1).max()
    np.testing.assert_allclose(relaxed.fmax_eV_per_A, largest, rtol=1e-6)


def test_batch_is_one_call_per_step_and_equals_single_runs() -> None:
    starts = [rattled(seed, amplitude=0.05 * (seed + 1)) for seed in range(3)]
    potential = Counting()
    together = relax(starts, potential, cell="full")
    assert len(potential.batches) == max(r.n_steps for r in together) + 1
    assert potential.batches[0] == 3
    assert sum(potential.batches) == sum(r.n_steps + 1 for r in together)
    for start, result in zip(starts, together, strict=True):
        alone = relax(start, AsePotential(EMT()), cell="full")
        np.testing.assert_array_equal(alone.atoms.positions, result.atoms.positions)
        assert alone.n_steps == result.n_steps


def test_failure_does_not_end_the_batch() -> None:
    broken = rattled(1)
    broken.positions[0] = np.nan
    first, second = relax([broken, rattled(1)], AsePotential(EMT()))
    assert first.failure is not None
    assert not first.converged
    assert np.isnan(first.energy_eV)
    assert "not finite" in first.failure.reason
    assert second.failure is None
    assert second.converged


def test_failure_on_the_way_takes_a_shorter_step() -> None:
    class Fragile(AsePotential):
        """Fails wherever an atom has moved more than 0.02 Å at once."""

        def __init__(self) -> None:
            super().__init__(EMT())
            self.last: np.ndarray | None = None

        def evaluate(self, structures: Sequence[Atoms]) -> Evaluation:
            positions = structures[0].positions.copy()
            if self.last is not None and np.abs(positions - self.last).max() > 0.02:
                positions[0] = np.nan
                sick = structures[0].copy()
                sick.positions = positions
                return super().evaluate([sick])
            self.last = positions
            return super().evaluate(structures)

    relaxed = relax(rattled(2, amplitude=0.05), Fragile(), fmax_eV_per_A=0.01)
    assert relaxed.converged
    assert relaxed.failure is None


def test_fixed_atoms_stay() -> None:
    start = rattled(4)
    start.set_constraint(FixAtoms([0, 3]))
    relaxed = relax(start, AsePotential(EMT()))
    np.testing.assert_array_equal(
        relaxed.atoms.positions[[0, 3]], start.positions[[0, 3]]
    )
    assert relaxed.converged
    assert relaxed.fmax_eV_per_A <= 0.02


def test_input_is_not_changed_and_labels_stay() -> None:
    start = rattled(5)
    start.set_array("side", np.arange(len(start)) % 2)
    start.info["name"] = "kept"
    before = start.copy()
    relaxed = relax(start, AsePotential(EMT()), cell="full")
    assert start == before
    np.testing.assert_array_equal(relaxed.atoms.arrays["side"], start.arrays["side"])
    assert relaxed.atoms.info["name"] == "kept"


def test_steps_run_out() -> None:
    relaxed = relax(rattled(6), AsePotential(EMT()), max_steps=2, fmax_eV_per_A=1e-6)
    assert relaxed.n_steps == 2
    assert not relaxed.converged
    assert relaxed.to_json()["converged"] is False


def test_rotated_crystal_relaxes_to_the_same_energy() -> None:
    start = rattled(7)
    start.set_cell(start.cell[:] * (1.03, 0.98, 1.01), scale_atoms=True)
    turned = start.copy()
    turned.rotate(37, (1, 1, 2), rotate_cell=True)
    one, other = relax(
        [start, turned], AsePotential(EMT()), cell="full", fmax_eV_per_A=0.001
    )
    np.testing.assert_allclose(one.energy_eV, other.energy_eV, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("atoms", "options", "expected"),
    [
        (bulk("Cu"), {"fmax_eV_per_A": 0.0}, "fmax_eV_per_A must be positive"),
        (bulk("Cu"), {"max_steps": -1}, "max_steps must not be negative"),
        (bulk("Cu"), {"cell": "xw"}, "cell must be fixed, full, z"),
        (bulk("Cu"), {"cell": "z"}, "xy plane"),
        (Atoms("Cu"), {"cell": "full"}, "structure must be periodic"),
    ],
)
def test_bad_input(atoms: Atoms, options: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        relax(atoms, AsePotential(EMT()), **options)


def test_unknown_constraint() -> None:
    atoms = rattled(8)
    atoms.set_constraint(FixedLine(0, (0, 0, 1)))
    with pytest.raises(InputError, match="constraints of the structure must"):
        relax(atoms, AsePotential(EMT()))
