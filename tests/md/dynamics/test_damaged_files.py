"""Files of a run that were lost, cut, or that two processes want to write."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ase import Atoms

from md.dynamics import DynamicsConfig, Preempted, read_events, simulate
from training_data.errors import InputError

SETTINGS = {"n_steps": 40, "every": 2, "checkpoint_every": 10, "temperature_K": 300}
SHORT = DynamicsConfig(**SETTINGS)
LONG = DynamicsConfig(**{**SETTINGS, "n_steps": 60})
SITES = [(3.0 * i, 0.0, 0.0) for i in range(4)]


def lithium() -> Atoms:
    return Atoms("Li4", SITES, cell=[12, 6, 6], pbc=True)


@pytest.fixture
def run(tmp_path, springs) -> Path:
    simulate(lithium(), springs(SITES), SHORT, out=tmp_path)
    return tmp_path


def go_on(run: Path, springs, config: DynamicsConfig):
    return simulate(lithium(), springs(SITES), config, out=run, resume=True)


def damage(path: Path, how: str) -> None:
    if how == "missing":
        path.unlink()
    else:
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2 if how == "halved" else 0])


DAMAGES = pytest.mark.parametrize("how", ["missing", "empty", "halved"])
CONFIGS = pytest.mark.parametrize("config", [SHORT, LONG], ids=["finished", "longer"])


@DAMAGES
@CONFIGS
def test_lost_rows_of_the_log_are_noticed(run, springs, how, config):
    damage(run / "log.csv", how)
    with pytest.raises(InputError, match="log must hold the 21 saved steps"):
        go_on(run, springs, config)


@DAMAGES
@CONFIGS
def test_lost_events_come_back_from_the_trajectory(run, springs, how, config):
    damage(run / "events.jsonl", how)
    result = go_on(run, springs, config)
    kinds = [event.kind for event in read_events(run / "events.jsonl")]
    assert kinds[:2] == ["started", "finished"]
    assert kinds[2:] == ([] if config is SHORT else ["resumed", "finished"])
    assert [event.kind for event in result.events] == kinds


@DAMAGES
@CONFIGS
def test_a_damaged_trajectory_is_named(run, springs, how, config):
    damage(run / "trajectory.h5", how)
    with pytest.raises(InputError, match=r"trajectory must be .* that the run wrote"):
        go_on(run, springs, config)


def test_half_a_last_line_beyond_the_checkpoint_costs_nothing(tmp_path, springs):
    def stop(frame) -> None:
        if frame.step == 16:
            os.kill(os.getpid(), signal.SIGTERM)

    whole, run = tmp_path / "whole", tmp_path / "run"
    simulate(lithium(), springs(SITES), SHORT, out=whole)
    with pytest.raises(Preempted):
        simulate(lithium(), springs(SITES), SHORT, out=run, observers=[stop])
    (run / "log.csv").write_bytes((run / "log.csv").read_bytes()[:-9])
    go_on(run, springs, SHORT)
    assert (run / "log.csv").read_bytes() == (whole / "log.csv").read_bytes()


def test_one_run_at_a_time_writes_a_folder(tmp_path, springs):
    """Another run of this process and another process are both kept out."""
    refused = []
    program = f"""
from pathlib import Path
from md.dynamics.lock import locked
with locked(Path({str(tmp_path)!r})):
    pass
"""

    def second(frame) -> None:
        if frame.step == 16:
            with pytest.raises(InputError, match="another process is writing") as told:
                go_on(tmp_path, springs, SHORT)
            refused.append(told.value)
            other = subprocess.run(
                [sys.executable, "-c", program],
                check=False,
                capture_output=True,
                text=True,
            )
            refused.append(other.stderr)

    simulate(lithium(), springs(SITES), SHORT, out=tmp_path, observers=[second])
    assert len(refused) == 2
    assert "another process is writing" in refused[1]
    assert go_on(tmp_path, springs, LONG).n_steps == 60  # nothing is left behind
