"""Live numbers of a run, and runs that end on a plateau."""

import json
import shutil

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.lj import LennardJones

from lithophile.dynamics_settings import DynamicsSettings
from lithophile.live import LiveNumbers, check_plateau, showing
from md.dynamics import read_events, simulate
from mlip import AsePotential
from training_data import InputError


def settings(**changed) -> DynamicsSettings:
    return DynamicsSettings(
        **{
            "structure": "unused.extxyz", "n_steps": 400, "every": 2,
            "temperature_K": 5, "timestep_fs": 4, "friction_per_ps": 5.0, "seed": 1,
            "checkpoint_every": 20, "checkpoint_interval_s": 0, "mobile": "Ar",
            **changed,
        }
    )  # fmt: skip


@pytest.fixture
def argon() -> Atoms:
    """Crystal far from rest: as it cools, its energy falls to a plateau."""
    atoms = bulk("Ar", a=5.3, cubic=True) * 2
    atoms.rattle(0.25, seed=4)
    return atoms


@pytest.fixture
def lennard_jones() -> AsePotential:
    return AsePotential(
        lambda: LennardJones(sigma=3.4, epsilon=0.0104, rc=7.0, ro=5.5, smooth=True),
        name="lj",
    )


def test_numbers_are_shown_with_rate_and_time_left(tmp_path, argon, lennard_jones):
    chosen = settings(n_steps=60)
    live = LiveNumbers(argon, chosen)
    told = []
    update = showing(live, lambda *given: told.append(given))
    live._told_at = -np.inf
    simulate(
        argon, lennard_jones, chosen.dynamics, out=tmp_path, observers=[live],
        progress=update,
    )  # fmt: skip
    live._told_at = -np.inf
    update(60, 60, {"temperature_K": 5.0})
    step, n_steps, numbers = told[-1]
    assert (step, n_steps) == (60, 60)
    assert numbers["temperature_K"] == 5.0
    assert numbers["ns_per_day"] > 0
    assert numbers["left"] == "0:00:00"
    assert np.isfinite(numbers["D_Ar_cm2_per_s"])
    assert "dissolved_Zr" not in numbers  # there is none


def test_a_run_ends_on_its_plateau_and_only_once(tmp_path, argon, lennard_jones):
    chosen = settings(stop_on_plateau="energy", plateau_ps=0.4, n_steps=300)

    def run(out, **changed):
        wanted = settings(**{**chosen.model_dump(), **changed})
        live = LiveNumbers(argon, wanted)
        live.replay(out)
        return simulate(
            argon, lennard_jones, wanted.dynamics, out=out, resume=True,
            observers=[live],
            stop_when=live.plateau_reason if wanted.stop_on_plateau else None,
        )  # fmt: skip

    whole = tmp_path / "whole"
    result = run(whole)
    assert result.events[-1].kind == "plateau"
    assert "potential energy" in result.events[-1].message
    assert 100 < result.n_steps < 300
    assert run(whole) == result
    # killed before the plateau, it ends at the same step
    parts = tmp_path / "parts"
    early = chosen.dynamics.model_copy(update={"n_steps": 120})
    simulate(argon, lennard_jones, early, out=parts)
    again = run(parts)
    assert again.n_steps == result.n_steps
    assert (parts / "log.csv").read_bytes() == (whole / "log.csv").read_bytes()
    # without the wish it goes on to its steps
    on = tmp_path / "on"
    shutil.copytree(whole, on)
    longer = run(on, stop_on_plateau=None, n_steps=320)
    assert longer.n_steps == 320
    kinds = [event.kind for event in read_events(on / "events.jsonl")]
    assert kinds[-2:] == ["resumed", "finished"]


def test_rolled_back_frames_are_forgotten():
    """Fed with a detour, the numbers are those of the path that was kept."""
    atoms = Atoms("ZrCl2Ar", positions=[[0, 0, 0], [2.4, 0, 0], [0, 2.4, 0], [9, 9, 9]])
    atoms.cell, atoms.pbc = [20] * 3, True
    chosen = settings(
        guards={"policy": "roll_back"}, n_steps=40, dissolution={"hold_ps": 0.0}
    )
    direct, detour = (LiveNumbers(atoms, chosen) for _ in range(2))

    def place(step: int, *, wrong: bool = False) -> tuple:
        positions = atoms.positions.copy()
        positions[0] -= (0.3 if wrong else 0.02) * step
        return step, 0.004 * step, -float(step), positions, atoms.cell.array

    path = range(0, 24, 2)
    for step in path:
        direct._take(*place(step))
    for step in range(0, 12, 2):
        detour._take(*place(step))
    for step in range(12, 20, 2):
        detour._take(*place(step, wrong=True))
    assert detour._series["dissolved"][-1] == 1.0
    for step in range(12, 24, 2):
        detour._take(*place(step))
    assert detour._series == direct._series


def test_plateaus_that_cannot_be_seen_are_refused_before_the_run(argon):
    with pytest.raises(InputError, match="nothing can dissolve"):
        check_plateau(argon, settings(stop_on_plateau="dissolved"))
    with pytest.raises(InputError, match="20 saved frames"):
        check_plateau(argon, settings(stop_on_plateau="energy", plateau_ps=0.1))
    check_plateau(argon, settings(stop_on_plateau="energy", plateau_ps=1.0))
    json.dumps(settings().model_dump(mode="json"))
