"""What every potential must do, whoever made it.

A potential inherits the battery by a class that says how it is made and how
exactly it computes. The docstring of a test says what its failure would mean.
"""

from typing import ClassVar

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from mlip import (
    AsePotential,
    DispersionPotential,
    Potential,
    available_models,
    load_potential,
)
from mlip.mace_model import build_mace, describe_architecture
from mlip.mace_potential import MacePotential
from mlip.training_config import ArchitectureConfig
from mlip.weights import DTYPES, default_dtype
from training_data import InputError

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
ELEMENTS = {"Li": -1.9, "Cl": -1.8, "Zr": -8.5}


def build_random_mace(
    *, dtype: str = "float64", rearranged: bool = True, **architecture: object
) -> MacePotential:
    """Return a small MACE network with random weights and strong forces."""
    import torch

    settings = {"channels": 8, "r_max_A": 4.5, "radial_layers": (16, 16)}
    config = ArchitectureConfig(**{**settings, **architecture})
    torch.manual_seed(5)
    with default_dtype(DTYPES[dtype]):
        model = build_mace(
            describe_architecture(
                config,
                reference_energies_eV=ELEMENTS,
                average_neighbours=9.0,
                force_scale_eV_per_A=1.7,
            )
        )
    return MacePotential(model, name="random", level="none", rearranged=rearranged)


def halide(*, seed: int = 3) -> Atoms:
    """Return a skewed, displaced cell of 9 atoms, smaller than the cutoff."""
    cell = [[6.4, 0.0, 0.0], [-3.0, 5.6, 0.3], [0.4, -0.5, 5.9]]
    scaled = [
        (1 / 3, 2 / 3, 0),
        (2 / 3, 1 / 3, 0),
        (0, 0, 0),
        (0.33, 0, 0.23),
        (0, 0.33, 0.23),
        (0.67, 0.67, 0.23),
        (0.67, 0, 0.77),
        (0, 0.67, 0.77),
        (0.33, 0.33, 0.77),
    ]
    atoms = Atoms("Li2ZrCl6", scaled_positions=scaled, cell=cell, pbc=True)
    rng = np.random.default_rng(seed)
    atoms.positions += rng.normal(scale=0.1, size=(9, 3))
    return atoms


@pytest.fixture(scope="class")
def potential(request: pytest.FixtureRequest) -> Potential:
    return request.cls().build()


class Battery:
    """Tests that every potential inherits.

    ``tolerance`` is relative: of the rms force, of the largest stress, and for
    energies of the rms force times 1 Å. ``step`` is that of the differences.
    """

    tolerance: ClassVar[float] = 1e-9
    step: ClassVar[float] = 1e-4
    slope_tolerance: ClassVar[float] = 1e-6
    stress_slope_tolerance: ClassVar[float] = 1e-5
    unknown: ClassVar[str | None] = None

    def build(self) -> Potential:
        raise NotImplementedError

    def atoms(self) -> Atoms:
        return halide()

    @pytest.fixture
    def structure(self) -> Atoms:
        return self.atoms()

    def ask(
        self, potential: Potential, atoms: Atoms
    ) -> tuple[float, np.ndarray, np.ndarray]:
        found = potential.evaluate([atoms])
        assert found.failures == ()
        return float(found.energies[0]), found.forces[0], found.stresses[0]

    def scale(self, potential: Potential, atoms: Atoms) -> float:
        forces = self.ask(potential, atoms)[1]
        rms = float(np.sqrt(np.mean(forces**2)))
        assert rms > 1e-3, "a structure at rest tests nothing"
        return rms

    def test_forces_are_minus_the_gradient(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: dynamics does not conserve energy, relaxation stops elsewhere."""
        forces = self.ask(potential, structure)[1]
        scale = self.scale(potential, structure)
        rng = np.random.default_rng(1)
        for _ in range(3):
            direction = rng.normal(size=forces.shape)
            direction /= np.linalg.norm(direction)
            moved = [structure.copy(), structure.copy()]
            moved[0].positions += self.step * direction
            moved[1].positions -= self.step * direction
            above, below = potential.evaluate(moved).energies
            slope = (above - below) / (2 * self.step)
            assert abs(slope + np.sum(forces * direction)) < (
                self.slope_tolerance * scale * np.sqrt(forces.size)
            )

    def test_stress_is_the_strain_derivative(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: wrong sign, unit or order of stress; cells relax the wrong way."""
        stress = self.ask(potential, structure)[2]
        scale = np.abs(stress).max()
        assert scale > 1e-5
        for component, (i, j) in enumerate(VOIGT):
            energies = []
            for sign in (1.0, -1.0):
                strain = np.zeros((3, 3))
                strain[i, j] += 0.5 * sign * self.step
                strain[j, i] += 0.5 * sign * self.step
                strained = structure.copy()
                strained.set_cell(
                    structure.cell.array @ (np.eye(3) + strain), scale_atoms=True
                )
                energies.append(self.ask(potential, strained)[0])
            slope = (energies[0] - energies[1]) / (2 * self.step)
            assert abs(slope / structure.get_volume() - stress[component]) < (
                self.stress_slope_tolerance * scale
            )

    def test_translation_changes_nothing(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: the energy knows where the origin is; momentum is not conserved."""
        moved = structure.copy()
        moved.positions += (0.31, -7.7, 12.9)
        self.same(potential, structure, moved)
        forces = self.ask(potential, structure)[1]
        scale = self.scale(potential, structure)
        assert np.abs(forces.sum(axis=0)).max() < len(structure) * (
            self.tolerance * scale
        )

    def test_rotation_turns_forces_and_stress(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: the energy knows where x is; the network is not equivariant."""
        turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
        turned = structure.copy()
        turned.set_cell(structure.cell.array @ turn)
        turned.positions = structure.positions @ turn
        before, after = self.ask(potential, structure), self.ask(potential, turned)
        scale = self.scale(potential, structure)
        assert abs(before[0] - after[0]) < self.tolerance * scale
        assert np.abs(before[1] @ turn - after[1]).max() < self.tolerance * scale
        expected = turn.T @ full(before[2]) @ turn
        assert np.abs(expected - full(after[2])).max() < (
            self.tolerance * np.abs(expected).max()
        )

    def test_permutation_permutes_the_forces(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: forces go to the wrong atoms."""
        order = np.random.default_rng(3).permutation(len(structure))
        before = self.ask(potential, structure)
        after = self.ask(potential, structure[order])
        scale = self.scale(potential, structure)
        assert abs(before[0] - after[0]) < self.tolerance * scale
        assert np.abs(before[1][order] - after[1]).max() < self.tolerance * scale

    def test_wrapping_changes_nothing(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: atoms that diffuse out of the cell lose their neighbours."""
        moved = structure.copy()
        jumps = np.random.default_rng(4).integers(-2, 3, size=(len(moved), 3))
        moved.positions += jumps @ moved.cell.array
        self.same(potential, structure, moved)

    def test_supercell_is_extensive(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: images are counted wrongly in cells smaller than the cutoff."""
        energy, forces, stress = self.ask(potential, structure)
        twice = self.ask(potential, structure.repeat((1, 2, 1)))
        scale = self.scale(potential, structure)
        assert abs(2 * energy - twice[0]) < 2 * self.tolerance * scale
        assert np.abs(np.tile(forces, (2, 1)) - twice[1]).max() < self.tolerance * scale
        assert np.abs(stress - twice[2]).max() < self.tolerance * np.abs(stress).max()

    def test_batch_equals_single(self, potential: Potential, structure: Atoms) -> None:
        """Failure: structures of one batch disturb each other, or are mixed up."""
        other = structure.repeat((2, 1, 1))
        other.rattle(0.05, seed=5)
        batch = potential.evaluate([structure, other, structure])
        scale = self.scale(potential, structure)
        for index, atoms in enumerate([structure, other, structure]):
            alone = potential.evaluate([atoms])
            assert abs(batch.energies[index] - alone.energies[0]) < (
                self.tolerance * scale * len(atoms)
            )
            assert np.abs(batch.forces[index] - alone.forces[0]).max() < (
                self.tolerance * scale
            )

    def test_session_equals_evaluate(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: dynamics runs on other numbers than those that were validated.

        Atoms walk further than any skin, and the cell changes in between.
        """
        session = potential.session(structure)
        scale = self.scale(potential, structure)
        walker = structure.copy()
        rng = np.random.default_rng(6)
        for step in range(12):
            walker.positions += rng.normal(scale=0.05, size=walker.positions.shape)
            walker.positions[0] += (0.2, 0.1, 0.0) if step < 4 else 0.0
            if step == 6:
                walker.set_cell(walker.cell.array * 1.01, scale_atoms=True)
            energy, forces, stress = session.evaluate(
                walker.positions, walker.cell.array
            )
            expected = self.ask(potential, walker)
            assert abs(energy - expected[0]) < self.tolerance * scale
            assert np.abs(forces - expected[1]).max() < self.tolerance * scale
            assert np.abs(stress - expected[2]).max() < (
                self.tolerance * np.abs(expected[2]).max()
            )

    def test_calculator_equals_evaluate(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: ASE's dynamics and optimisers see another potential."""
        energy, forces, stress = self.ask(potential, structure)
        scale = self.scale(potential, structure)
        atoms = structure.copy()
        atoms.calc = potential.calculator()
        assert abs(atoms.get_potential_energy() - energy) < self.tolerance * scale
        free = atoms.get_potential_energy(force_consistent=True)
        assert abs(free - energy) < self.tolerance * scale
        assert np.abs(atoms.get_forces() - forces).max() < self.tolerance * scale
        assert np.abs(atoms.get_stress() - stress).max() < (
            self.tolerance * np.abs(stress).max()
        )

    def test_calculator_begins_anew_for_other_elements(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: a calculator that is reused answers for the atoms before."""
        calculator = potential.calculator()
        for atoms in (structure, structure[:-1], structure[::-1]):
            atoms.calc = calculator
            found = atoms.get_potential_energy()
            expected = self.ask(potential, atoms)[0]
            assert abs(found - expected) < self.tolerance * abs(expected)

    def test_bad_structure_fails_alone(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: one broken structure of a search ends or spoils the batch."""
        broken = structure.copy()
        broken.positions[2, 1] = np.nan
        found = potential.evaluate([structure, broken, structure])
        assert [f.id for f in found.failures] == ["1"]
        assert "atom 2" in found.failures[0].reason
        assert np.isnan(found.energies[1])
        assert found.forces[1].shape == (len(broken), 3)
        assert np.isnan(found.forces[1]).all()
        assert np.isfinite(found.energies[[0, 2]]).all()

    def test_coinciding_atoms_fail(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: the search finds its minimum in a division by zero."""
        broken = structure.copy()
        broken.positions[3] = broken.positions[4]
        found = potential.evaluate([broken, structure])
        assert [f.id for f in found.failures] == ["0"]
        assert np.isnan(found.stresses[0]).all()

    def test_arguments_are_left_alone(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: evaluating a structure moves it or takes its labels away."""
        structure.info["REF_energy"] = -1.0
        before = structure.copy()
        potential.evaluate([structure])
        assert structure == before
        assert structure.info == before.info
        assert structure.calc is None

    def test_open_structure_has_no_stress(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: the stress of a molecule, divided by a cell that means nothing."""
        slab = structure.copy()
        slab.pbc = (True, True, False)
        found = potential.evaluate([slab])
        assert found.failures == ()
        assert np.isfinite(found.energies[0])
        assert np.isnan(found.stresses[0]).all()

    def test_unknown_element_is_refused(
        self, potential: Potential, structure: Atoms
    ) -> None:
        """Failure: an element that was never trained gets a number."""
        if self.unknown is None:
            assert potential.species is None
            return
        strange = structure.copy()
        strange.symbols[1] = self.unknown
        with pytest.raises(InputError, match=rf"'{self.unknown}' in frame 1, "):
            potential.evaluate([structure, strange])
        with pytest.raises(InputError, match=self.unknown):
            potential.session(strange)

    def same(self, potential: Potential, one: Atoms, other: Atoms) -> None:
        before, after = self.ask(potential, one), self.ask(potential, other)
        scale = self.scale(potential, one)
        assert abs(before[0] - after[0]) < self.tolerance * scale
        assert np.abs(before[1] - after[1]).max() < self.tolerance * scale
        assert np.abs(before[2] - after[2]).max() < (
            self.tolerance * np.abs(before[2]).max()
        )


def full(stress: np.ndarray) -> np.ndarray:
    """Return the symmetric matrix of a stress in Voigt order."""
    matrix = np.empty((3, 3))
    for value, (i, j) in zip(stress, VOIGT, strict=True):
        matrix[i, j] = matrix[j, i] = value
    return matrix


class TestLennardJones(Battery):
    """ASE's Lennard-Jones with a smooth cutoff."""

    def build(self) -> Potential:
        return AsePotential(
            lambda: LennardJones(sigma=2.4, epsilon=0.05, rc=6.0, ro=4.0, smooth=True)
        )


class TestEmt(Battery):
    """ASE's effective-medium theory, on an alloy that it knows."""

    unknown = "Zr"
    tolerance = 1e-8

    def build(self) -> Potential:
        return AsePotential(EMT, species=("Al", "Cu", "Ag", "Au", "Ni", "Pd", "Pt"))

    def atoms(self) -> Atoms:
        atoms = bulk("Cu", cubic=True).repeat((2, 2, 1))
        atoms.symbols[::3] = "Au"
        atoms.rattle(0.15, seed=2)
        return atoms


class TestMace(Battery):
    """A random network in double precision, rearranged."""

    unknown = "Fe"

    def build(self) -> Potential:
        return build_random_mace()


class TestMaceByItsOwnCode(Battery):
    """The same through mace-torch's own forward call."""

    unknown = "Fe"

    def build(self) -> Potential:
        return build_random_mace(rearranged=False)


class TestMaceInSinglePrecision(Battery):
    """Single precision, as long dynamics uses it."""

    unknown = "Fe"
    tolerance = 3e-4
    step = 1e-2
    slope_tolerance = 1e-2
    stress_slope_tolerance = 5e-2

    def build(self) -> Potential:
        return build_random_mace(dtype="float32")


class TestMaceWithDispersion(Battery):
    """D3(BJ) on top of a network.

    The sharp cutoff of D3's pair sum (60 bohr) is in its energy but not in its
    virial: its own stress is 0.1 % off its strain derivative, which is 1 % of
    the sum here, where network and dispersion nearly cancel.
    """

    unknown = "Fe"
    tolerance = 1e-5
    slope_tolerance = 1e-4
    stress_slope_tolerance = 2e-2
    step = 1e-3

    def build(self) -> Potential:
        return DispersionPotential(build_random_mace())


class TestChgnet(Battery):
    """CHGNet, whose weights come with its package; single precision."""

    tolerance = 2e-3
    step = 1e-2
    slope_tolerance = 2e-2
    stress_slope_tolerance = 5e-2
    unknown = "Cf"

    def build(self) -> Potential:
        return load_potential("chgnet")


@pytest.mark.skipif(
    not any(entry.default for entry in available_models()),
    reason="the released potential is not in this checkout",
)
class TestReleased(Battery):
    """The potential that ships, in double precision."""

    unknown = "Fe"
    tolerance = 1e-5
    slope_tolerance = 1e-4
    stress_slope_tolerance = 2e-2  # D3 may be part of it
    step = 1e-3

    def build(self) -> Potential:
        return load_potential()
