"""Relaxation: lattice sums, invariance, batches, failures."""

from collections.abc import Sequence

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.constraints import FixAtoms, FixedLine
from ase.filters import FrechetCellFilter
from ase.optimize import LBFGS

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
    start = bulk("He", "fcc", a=1.65)  # the element whose atoms may be this close
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


@pytest.mark.parametrize("cell", ["fixed", "full"])
def test_fire_finds_the_minimum_of_lbfgs(cell: str) -> None:
    starts = [rattled(seed, amplitude=0.1) for seed in (20, 21)]
    options = {"cell": cell, "fmax_eV_per_A": 0.002, "stress_max_eV_per_A3": 1e-5}
    fire = relax(starts, AsePotential(EMT()), algorithm="fire", **options)
    lbfgs = relax(starts, AsePotential(EMT()), **options)
    for one, other in zip(fire, lbfgs, strict=True):
        assert one.converged
        assert one.fmax_eV_per_A <= 0.002
        assert one.n_steps > other.n_steps
        np.testing.assert_allclose(one.energy_eV, other.energy_eV, atol=1e-5, rtol=0)


def test_fire_survives_a_failure_on_the_way() -> None:
    class Sometimes(AsePotential):
        """Refuses every eighth structure."""

        calls = 0

        def evaluate(self, structures: Sequence[Atoms]) -> Evaluation:
            self.calls += 1
            sick = [atoms.copy() for atoms in structures]
            if self.calls % 8 == 0:
                sick[0].positions[0] = np.nan
            return super().evaluate(sick)

    potential = Sometimes(EMT())
    relaxed = relax(rattled(22), potential, algorithm="fire", fmax_eV_per_A=0.05)
    assert relaxed.converged
    assert relaxed.failure is None


def test_same_minima_as_ase() -> None:
    for free in (False, True):
        start = rattled(23)
        atoms = start.copy()
        atoms.calc = EMT()
        target = FrechetCellFilter(atoms) if free else atoms
        LBFGS(target, logfile=None).run(fmax=1e-4, steps=500)
        relaxed = relax(
            start,
            AsePotential(EMT()),
            cell="full" if free else "fixed",
            fmax_eV_per_A=1e-4,
            stress_max_eV_per_A3=1e-6,
        )
        energy = atoms.get_potential_energy()
        np.testing.assert_allclose(relaxed.energy_eV, energy, atol=1e-6, rtol=0)
        ours, theirs = relaxed.atoms.get_all_distances(), atoms.get_all_distances()
        np.testing.assert_allclose(ours, theirs, atol=1e-3, rtol=0)


def test_every_kind_of_bad_structure_ends_alone() -> None:
    class Selective(AsePotential):
        """Knows copper and silver; gold stops it altogether."""

        def __init__(self) -> None:
            super().__init__(EMT(), species=("Cu", "Ag", "Au"))

        def evaluate(self, structures: Sequence[Atoms]) -> Evaluation:
            if any("Au" in atoms.get_chemical_symbols() for atoms in structures):
                raise RuntimeError("out of memory")
            return super().evaluate(structures)

    good = rattled(25)
    not_periodic = good.copy()
    not_periodic.pbc = (True, True, False)
    constrained = good.copy()
    constrained.set_constraint(FixedLine(0, (0, 0, 1)))
    not_finite = good.copy()
    not_finite.positions[0] = np.inf
    collapsed = good.copy()
    collapsed.set_cell(collapsed.cell.array * 1e-2, scale_atoms=True)
    bad = {
        "must be periodic": not_periodic,
        "must be FixAtoms": constrained,
        "not finite": not_finite,
        "Å³ per atom": collapsed,
        "elements must be among": bulk("Ni"),
        "out of memory": bulk("Au"),
        "no atoms": Atoms(cell=np.eye(3) * 5, pbc=True),
    }
    together = relax([*bad.values(), good], Selective(), cell="full")
    for index, (reason, found) in enumerate(zip(bad, together, strict=False)):
        assert found.failure is not None, reason
        assert reason in found.failure.reason
        assert found.failure.id == str(index)
        assert not found.converged
    alone = relax(good, AsePotential(EMT()), cell="full")
    assert together[-1].converged
    np.testing.assert_array_equal(together[-1].atoms.positions, alone.atoms.positions)


def test_potential_without_a_minimum_is_stopped() -> None:
    class Sinking(Calculator):
        """Energy falls with the volume for ever."""

        implemented_properties = ("energy", "forces", "stress")

        def calculate(self, atoms=None, properties=(), system_changes=()) -> None:
            super().calculate(atoms, properties, system_changes)
            n = len(self.atoms)
            pull = np.array([1.0, 1, 1, 0, 0, 0])
            self.results = {
                "energy": self.atoms.get_volume(),
                "forces": np.zeros((n, 3)),
                "stress": pull,
            }

    for algorithm in ("lbfgs", "fire"):
        found = relax(
            [bulk("Cu")], AsePotential(Sinking()), cell="full", algorithm=algorithm
        )[0]
        assert not found.converged
        assert found.failure is not None
        assert "times that of the start" in found.failure.reason
        assert 0.2 <= found.atoms.get_volume() / bulk("Cu").get_volume() < 0.3


class Spring(Calculator):
    """Pair of atoms that rests 1 Å apart, which lithium never is."""

    implemented_properties = ("energy", "forces")

    def calculate(self, atoms=None, properties=(), system_changes=()) -> None:
        super().calculate(atoms, properties, system_changes)
        bond = self.atoms.positions[1] - self.atoms.positions[0]
        length = np.linalg.norm(bond)
        pull = 5.0 * (length - 1.0) * bond / length
        self.results = {
            "energy": 2.5 * (length - 1.0) ** 2,
            "forces": np.array([pull, -pull]),
        }


def test_overlapping_atoms_are_no_start() -> None:
    close = Atoms("Li2", positions=[(0, 0, 0), (0, 0, 0.17)])
    with pytest.raises(InputError, match=r"got Li 0 and Li 1 0\.170 Å apart"):
        relax(close, AsePotential(Spring()))
    # the image across the boundary is as close
    across = Atoms("Cu2", positions=[(0, 0, 0.1), (0, 0, 7.9)], cell=[8] * 3, pbc=True)
    good = rattled(4)
    bad, sound = relax([across, good], AsePotential(EMT()))
    assert bad.failure is not None
    assert "Cu 0 and Cu 1 0.200 Å apart" in bad.failure.reason
    assert bad.n_steps == 0
    assert sound.converged
    # 0.6 times the sum of the radii of two lithium atoms is 1.536 Å
    for apart, refused in ((1.53, True), (1.54, False)):
        pair = Atoms("Li2", positions=[(0, 0, 0), (0, 0, apart)])
        (found,) = relax([pair], AsePotential(Spring()), max_steps=0)
        assert (found.failure is not None) == refused


@pytest.mark.parametrize("algorithm", ["lbfgs", "fire"])
def test_overlapping_atoms_are_no_end(algorithm: str) -> None:
    pair = Atoms("Li2", positions=[(0, 0, 0), (0, 0, 2.5)])
    found = relax(pair, AsePotential(Spring()), algorithm=algorithm)
    assert found.fmax_eV_per_A <= 0.02
    assert not found.converged
    assert found.failure is not None
    assert "atoms came to overlap, Li 0 and Li 1 1.0" in found.failure.reason


def test_potential_without_stress() -> None:
    class Forces(Calculator):
        implemented_properties = ("energy", "forces")

        def calculate(self, atoms=None, properties=(), system_changes=()) -> None:
            super().calculate(atoms, properties, system_changes)
            self.results = {"energy": 0.0, "forces": np.zeros((len(self.atoms), 3))}

    potential = AsePotential(Forces())
    with pytest.raises(InputError, match="must give a stress"):
        relax(bulk("Cu"), potential, cell="full")
    found = relax([bulk("Cu")], potential, cell="full")[0]
    assert found.failure is not None
    assert "no stress" in found.failure.reason


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"algorithm": "newton"}, "algorithm must be lbfgs or fire"),
        ({"cell": "full", "fixed_vectors": "abc"}, "fixed_vectors must be one or two"),
        ({"cell": "z", "fixed_vectors": "a"}, "fixed_vectors must come with"),
        ({"pressure_GPa": 1.0}, "pressure_GPa must be 0 for a fixed cell"),
        ({"pressure_GPa": np.nan}, "pressure_GPa must be finite"),
        ({"fixed_layers": (0,)}, "must carry the labels 'layer'"),
    ],
)
def test_more_bad_input(options: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        relax(bulk("Cu"), AsePotential(EMT()), **options)
