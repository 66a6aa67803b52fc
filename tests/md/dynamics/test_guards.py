"""Each guard stops the motion that it is there for, and no other."""

import json

import h5py
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read
from ase.neighborlist import neighbor_list

from md.dynamics import DynamicsConfig, GuardConfig, GuardTripped, read_events, simulate
from md.dynamics.distances import WatchedPairs


def run_until_tripped(atoms, potential, config, folder) -> GuardTripped:
    with pytest.raises(GuardTripped) as caught:
        simulate(atoms, potential, config, out=folder)
    error = caught.value
    # whatever the guard: it is logged, in the trajectory, in the result, and readable
    assert read_events(folder / "events.jsonl")[-1] == error.event
    assert error.result.events[-1] == error.event
    json.dumps(error.result.to_json(), allow_nan=False)
    with h5py.File(folder / "trajectory.h5") as file:
        kept = json.loads(file["parameters/lithophile/events"][-1])
        frames = file["particles/all/position/value"][()]
    assert kept["kind"] == error.event.kind
    assert np.isfinite(frames).all()
    if error.event.step > 0:
        good = read(folder / "last_good_frame.extxyz")
        assert good.info["step"] == error.event.step - 1
        assert np.isfinite(good.positions).all()
        assert str(folder / "last_good_frame.extxyz") in str(error)
    return error


def two_atoms(speed: float = 0.0, distance: float = 6.0) -> Atoms:
    """Lithium and chlorine in a big box, flying at each other (Å per ASE time)."""
    atoms = Atoms("LiCl", positions=[[0, 0, 0], [distance, 0, 0]], cell=[40] * 3)
    atoms.pbc = True
    atoms.set_velocities([[speed, 0, 0], [-speed, 0, 0]])
    return atoms


def nothing(positions):
    return 0.0, np.zeros_like(positions)


FLIGHT = DynamicsConfig(
    ensemble="nve", velocities="given", zero_momentum=False, n_steps=1000, every=5,
    guards=GuardConfig(temperature_factor=1e9),
)  # fmt: skip


def test_colliding_atoms_are_stopped_and_named(tmp_path, law_potential):
    error = run_until_tripped(two_atoms(1.0), law_potential(nothing), FLIGHT, tmp_path)
    event = error.event
    assert event.kind == "impossible_distance"
    assert event.atoms == (0, 1)
    limit = 0.5 * (1.28 + 1.02)  # covalent radii of Li and Cl
    assert event.threshold == pytest.approx(limit, rel=1e-12)
    # ballistic flight: the first step at which 6 Å - 2 v t is below the limit
    per_step = 2.0 * 1.0 * 0.09822694788464063
    assert event.step == int(np.ceil((6.0 - limit) / per_step))
    assert event.value == pytest.approx(6.0 - event.step * per_step, rel=1e-9)
    for word in ("0 (Li)", "1 (Cl)", f"step {event.step}", "1.150 Å", "Relax"):
        assert word in str(error)


def test_collision_across_a_periodic_boundary_is_seen(tmp_path, law_potential):
    atoms = two_atoms(1.0)
    atoms.positions[1, 0] = 34.0
    atoms.set_velocities(-atoms.get_velocities())
    atoms.rattle(1e-3, seed=0)
    error = run_until_tripped(atoms, law_potential(nothing), FLIGHT, tmp_path)
    assert error.event.kind == "impossible_distance"


def test_limit_of_a_pair_of_elements_can_be_set(tmp_path, law_potential):
    guards = GuardConfig(min_distances_A={"Cl-Li": 3.0}, temperature_factor=1e9)
    config = FLIGHT.model_copy(update={"guards": guards})
    error = run_until_tripped(two_atoms(1.0), law_potential(nothing), config, tmp_path)
    assert error.event.threshold == 3.0


def test_overlapping_start_is_stopped_before_the_first_step(tmp_path, law_potential):
    error = run_until_tripped(
        two_atoms(distance=0.4), law_potential(nothing), FLIGHT, tmp_path
    )
    assert error.event.step == 0
    assert "starting structure" in str(error)


def test_not_finite_force_names_its_atom(tmp_path, law_potential):
    def hole(positions):
        forces = np.zeros_like(positions)
        if positions[0, 0] > 0.5:
            forces[0] = np.nan
        return 0.0, forces

    error = run_until_tripped(two_atoms(0.5), law_potential(hole), FLIGHT, tmp_path)
    assert error.event.kind == "not_finite"
    assert error.event.atoms == (0,)
    assert "the force on atom 0 (Li)" in str(error)


def test_not_finite_energy_is_stopped(tmp_path, law_potential):
    def hole(positions):
        energy = float("nan") if positions[0, 0] > 0.5 else 0.0
        return energy, np.zeros_like(positions)

    error = run_until_tripped(two_atoms(0.5), law_potential(hole), FLIGHT, tmp_path)
    assert error.event.kind == "not_finite"
    assert "the energy" in str(error)


def test_impossible_jump_is_stopped_in_the_step_it_happens(tmp_path, law_potential):
    def blast(positions):
        forces = np.zeros_like(positions)
        if positions[0, 0] > 0.5:
            forces[1, 2] = 1e6
        return 0.0, forces

    guards = GuardConfig(temperature_factor=1e9, energy_drift_meV_per_atom=None)
    config = FLIGHT.model_copy(update={"guards": guards})
    error = run_until_tripped(two_atoms(0.5), law_potential(blast), config, tmp_path)
    assert error.event.kind == "impossible_displacement"
    assert error.event.atoms == (1,)


def test_explosion_is_stopped_while_it_is_still_warm(tmp_path, law_potential):
    """Atoms pushed off their sites gain energy exponentially until a guard acts."""
    atoms = bulk("Li", cubic=True) * 3
    sites = atoms.positions.copy()

    def unstable(positions):
        away = positions - sites
        return float(-0.5 * np.sum(away**2)), away

    config = DynamicsConfig(n_steps=5000, temperature_K=300, friction_per_ps=0.5)
    error = run_until_tripped(atoms, law_potential(unstable), config, tmp_path)
    assert error.event.kind in {"runaway_temperature", "impossible_distance"}
    hot = DynamicsConfig(
        n_steps=5000, temperature_K=300, friction_per_ps=0.5,
        guards=GuardConfig(min_distance_fraction=0, max_displacement_A=50),
    )  # fmt: skip
    error = run_until_tripped(atoms, law_potential(unstable), hot, tmp_path / "hot")
    assert error.event.kind == "runaway_temperature"
    assert error.event.threshold == pytest.approx(3 * 300 + 1000, rel=1e-12)
    assert error.event.threshold < error.event.value < 10 * error.event.threshold
    assert error.result.n_steps == error.event.step < 5000


def test_short_flash_of_heat_is_allowed(tmp_path, springs):
    """A relaxing interface is hot for a few steps; only lasting heat stops a run."""
    atoms = bulk("Li", cubic=True) * 2
    config = DynamicsConfig(
        n_steps=300, temperature_K=300, initial_temperature_K=3000, friction_per_ps=200,
    )  # fmt: skip
    assert simulate(atoms, springs(atoms.positions), config, out=tmp_path).n_steps == (
        300
    )


def test_evaporating_atom_is_stopped(tmp_path, law_potential):
    atoms = Atoms("Li3", positions=[[0, 0, 0], [3, 0, 0], [6, 0, 0]])
    atoms.set_velocities([[0, 0, 0], [0, 0, 0], [0.3, 0, 0]])
    error = run_until_tripped(atoms, law_potential(nothing), FLIGHT, tmp_path)
    assert error.event.kind == "escaped_atom"
    assert error.event.atoms == (2,)
    # free flight passes 8 Å after 5 Å / (0.3 * dt) = 170 steps; looked at every 100
    assert error.event.step == 200


def test_atom_that_was_alone_from_the_start_has_not_escaped(tmp_path, law_potential):
    atoms = Atoms("Li3", positions=[[0, 0, 0], [3, 0, 0], [30, 0, 0]])
    atoms.set_velocities(np.zeros((3, 3)))
    result = simulate(atoms, law_potential(nothing), FLIGHT, out=tmp_path)
    assert result.n_steps == 1000


def test_forces_that_are_no_gradient_show_as_energy_drift(tmp_path, law_potential):
    atoms = bulk("Li", cubic=True) * 2
    sites = atoms.positions.copy()

    def wrong(positions):
        away = positions - sites
        return float(0.5 * np.sum(away**2)), -1.5 * away

    config = DynamicsConfig(ensemble="nve", n_steps=2000, temperature_K=300)
    error = run_until_tripped(atoms, law_potential(wrong), config, tmp_path)
    assert error.event.kind == "energy_drift"
    assert abs(error.event.value) > error.event.threshold == 10.0


def test_watched_pairs_find_the_shortest_distance_in_a_skewed_moving_cell():
    rng = np.random.default_rng(4)
    cell = np.array([[6.0, 0, 0], [4.5, 5.0, 0], [-2.0, 1.5, 7.0]])
    atoms = Atoms("Zr8", positions=rng.random((8, 3)) @ cell, cell=cell, pbc=True)
    pairs = WatchedPairs(atoms, GuardConfig())
    limit = 0.5 * 2 * 1.75
    for _ in range(40):
        atoms.positions += rng.normal(scale=0.15, size=(8, 3))
        pairs.update(atoms.positions)
        first, second, found = neighbor_list("ijd", atoms, 3.0)
        assert pairs.shortest_A(atoms.positions) == pytest.approx(
            found.min(), rel=1e-12
        )
        worst = pairs.worst()
        assert (worst is not None) == (found.min() < limit)
        if worst is not None:
            closest = int(np.argmin(found))
            assert {worst[0], worst[1]} == {first[closest], second[closest]}
            assert worst[2] == pytest.approx(found.min(), rel=1e-12)
            assert worst[3] == pytest.approx(limit, rel=1e-12)


def test_isolation_is_measured_through_periodic_images():
    atoms = Atoms("Li3", positions=[[0.5, 1, 1], [19.5, 1, 1], [10, 10, 10]])
    atoms.cell, atoms.pbc = [20, 20, 20], True
    pairs = WatchedPairs(atoms, GuardConfig())
    np.testing.assert_array_equal(
        pairs.isolated(atoms.positions, 8.0), [False, False, True]
    )
    atoms.pbc = False
    pairs = WatchedPairs(atoms, GuardConfig())
    np.testing.assert_array_equal(
        pairs.isolated(atoms.positions, 8.0), [True, True, True]
    )


@pytest.mark.parametrize("ensemble", ["nve", "langevin", "nose_hoover", "bussi"])
def test_enormous_finite_forces_are_stopped_by_a_guard(
    tmp_path, law_potential, ensemble
):
    calls = []

    def blast(positions):
        calls.append(1)
        return 0.0, np.full_like(positions, 1e100 if len(calls) > 3 else 0.0)

    config = DynamicsConfig(ensemble=ensemble, n_steps=20, zero_momentum=False)
    error = run_until_tripped(two_atoms(), law_potential(blast), config, tmp_path)
    assert error.event.kind in {"not_finite", "runaway_temperature"}
