"""Active learning: the loop with EMT for DFT, ten kills, and what is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase.build import bulk
from ase.io import write

from lithophile.learning_plan import member_config, plan_learning
from lithophile.learning_settings import LearnSettings
from lithophile.settings_file import validate
from lithophile.stages.learning import learning
from training_data import InputError, LabellingSettings, label_queue, read_dataset

TINY = {
    "channels": 4,
    "max_L": 0,
    "max_ell": 1,
    "correlation": 1,
    "n_interactions": 1,
    "r_max_A": 3.5,
    "n_radial": 4,
    "radial_layers": [8],
    "readout_channels": 4,
}
HELD_OUT = ["p2", "p5"]

# One process that has imported everything makes a child for every attempt, so that ten
# attempts do not import ten times. A child ends without a word, either after so much
# processor time (the signal of the profiling timer, which nothing answers), or by
# SIGKILL at the n-th file that it opens for writing or moves into place. Two more are
# asked to end by SIGTERM, as a queueing system does.
KILLER = """
import json, os, signal, sys
from pathlib import Path
from random import Random
from lithophile.early_signals import answering_early
from lithophile.exit_codes import exit_code
from lithophile.interrupted import Interrupted
from lithophile.stages.learning import learning
from mlip.mace_import import import_mace
import mlip.mace_training, torch_ema, matplotlib.backends.backend_agg
from mace.tools import train, scripts_utils
import_mace()

config, out, draw = Path(sys.argv[1]), Path(sys.argv[2]), Random(7)

def attempt(seconds, writes, asked=False):
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            return os.WTERMSIG(status)
        return -os.WEXITSTATUS(status)
    if asked:
        signal.signal(signal.SIGPROF, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    if seconds:
        signal.setitimer(signal.ITIMER_PROF, seconds)
    left = [writes]

    def count(event, arguments):
        writing = event == "os.rename" or (
            event == "open" and str(arguments[0]).startswith(str(out.resolve()))
            and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR))
        if writing and left[0]:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    if writes:
        sys.addaudithook(count)
    try:
        with answering_early():
            learning(config, options={}, out=out, resume=True, overwrite=False,
                     progress=lambda *_: None)
    except SystemExit as end:
        os._exit(end.code)
    except Interrupted as end:
        os._exit(exit_code(end.reason))
    os._exit(0)

killed, asked = [], []
for number in range(10):
    if number % 2:
        killed.append(attempt(0.0, draw.randint(8, 26)))
    else:
        killed.append(attempt(draw.uniform(0.2, 1.6), 0))
    if number in (1, 5):
        asked.append(attempt(1.0, 0, asked=True))
last = attempt(0.0, 0)
print(json.dumps({"killed": killed, "asked": asked, "last": last}))
"""


def _environment():
    return {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Labels of copper and aluminium by EMT, a start for dynamics, and settings."""
    path = tmp_path_factory.mktemp("learn")
    rng = np.random.default_rng(0)
    frames = []
    for index in range(10):
        metal, other = ("Cu", "Al") if index % 2 else ("Al", "Cu")
        atoms = bulk(metal, cubic=True, a=3.65 if metal == "Cu" else 4.05)
        if index % 3 == 0:
            atoms.symbols[0] = other
        atoms.rattle(0.08, rng=rng)
        atoms.info |= {"parent": f"p{index}", "sampling": "rattle"}
        frames.append(atoms)
    emt = LabellingSettings(code="ase.calculators.emt.EMT")
    label_queue(frames, emt, path / "start.extxyz")
    start = bulk("Cu", cubic=True, a=3.65)
    start.symbols[0] = "Al"
    write(path / "alloy.extxyz", start)
    (path / "learn.yaml").write_text(yaml.safe_dump(_values(path)), encoding="utf-8")
    return path


def _values(path):
    return {
        "dataset": [str(path / "start.extxyz")],
        "hold_out": {"groups": HELD_OUT},
        "n_members": 2,
        "rounds": 1,
        "training": {
            "level": "unstated",
            "epochs": 4,
            "batch_size": 4,
            "architecture": TINY,
            "num_threads": 1,
        },
        "retraining": {"epochs": 3, "learning_rate": 0.005},
        "exploration": {
            "structures": [str(path / "alloy.extxyz")],
            "temperatures_K": [300, 900],
            "dynamics": {"n_steps": 30, "every": 10, "timestep_fs": 2.0},
        },
        "random": {
            "formulas": {"Cu3Al": [11, 16]},
            "n_structures": 2,
            "relax_steps": [2, 4],
        },
        "selection": {"n_labels": 4, "least_eV_per_A": 0.01, "most_eV_per_A": 100},
        "labelling": {"code": "ase.calculators.emt.EMT"},
        "dtype": "float64",
    }


@pytest.fixture(scope="module")
def finished(folder):
    """Run that nothing interrupts, by the command line; what it printed."""
    command = [sys.executable, "-m", "lithophile", "learn", "--json"]
    done = subprocess.run(
        [*command, "--config", folder / "learn.yaml", "--out", folder / "whole"],
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_rounds_tell_the_learning_curve(finished):
    first, last = finished["rounds"]
    assert first["n_train"] == 8
    assert first["n_selected"] == 4
    assert first["n_labelled"] + first["n_failed"] == 4
    assert last["n_train"] == 8 + first["n_labelled"]
    for each in (first, last):
        assert each["force_rmse_meV_per_A"] > 0
        assert 0 <= each["fraction_uncertain"] <= 1
        # the error of a mean is at most the mean of the errors
        members = each["force_rmse_of_members_meV_per_A"]
        assert each["force_rmse_meV_per_A"] <= np.mean(members) * (1 + 1e-9)
    assert Path(finished["figure"]).stat().st_size > 10_000
    assert all(Path(model).is_file() for model in finished["models"])


def test_labels_are_those_of_the_code_and_of_no_model(finished):
    from ase.calculators.emt import EMT  # noqa: PLC0415

    labels = read_dataset(finished["labels"])
    assert len(labels) == finished["n_labels"] == finished["rounds"][0]["n_labelled"]
    for frame in labels:
        energy, forces = frame.info["REF_energy"], frame.arrays["REF_forces"]
        frame.calc = EMT()
        assert frame.get_potential_energy() == pytest.approx(energy, rel=1e-6)
        np.testing.assert_allclose(frame.get_forces(), forces, atol=1e-5)
    assert set(labels.config_types) <= {"learned-md", "learned-random"}


@pytest.mark.usefixtures("finished")
def test_hold_out_is_never_learnt(folder):
    learnt = read_dataset(folder / "whole" / "data.extxyz")
    judged = read_dataset(folder / "whole" / "hold-out.extxyz")
    assert set(judged.parents) == set(HELD_OUT)
    assert not set(learnt.parents) & set(HELD_OUT)
    assert len(learnt) + len(judged) == 10


def test_members_differ_in_seed_and_validation(folder):
    settings = validate(LearnSettings, _values(folder), source="test")
    first, other = (
        member_config(settings, number=0, member=k, data=("x",)) for k in (0, 1)
    )
    assert first.seed != other.seed
    assert first.split.salt != other.split.salt
    later = member_config(
        settings, number=1, member=0, data=("x",), start=folder / "model.safetensors"
    )
    assert (first.epochs, later.epochs) == (4, 3)
    assert later.start_from == folder / "model.safetensors"


def test_ten_kills_change_nothing(finished, folder):
    done = subprocess.run(
        [sys.executable, "-c", KILLER, folder / "learn.yaml", folder / "killed"],
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ends = json.loads(done.stdout.splitlines()[-1])
    assert ends["last"] == 0, done.stderr
    assert sum(end > 0 for end in ends["killed"]) >= 8, ends
    assert ends["asked"] == [-75, -75], ends
    whole, killed = folder / "whole", folder / "killed"
    result = json.loads((killed / "result.json").read_text())
    assert result["rounds"] == finished["rounds"]
    for pattern in (
        *("*.extxyz", "round-*/*.extxyz", "round-*/selection.json"),
        "round-*/training/*/model.safetensors",
    ):
        names = sorted(path.relative_to(whole) for path in whole.glob(pattern))
        assert names
        for name in names:
            assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    for curve in whole.glob("round-*/training/*/training_curve.json"):
        other = killed / curve.relative_to(whole)
        epochs = [
            [e["epoch"] for e in json.loads(p.read_text())] for p in (curve, other)
        ]
        assert epochs[0] == epochs[1]


def test_finished_run_tells_its_result_again_and_changes_are_refused(
    finished, folder, lithophile
):
    out = folder / "whole"
    again = lithophile("learn", "--out", out, "--resume", "--json")
    assert again.json == finished
    other = {**_values(folder), "n_members": 3}
    config = folder / "other.yaml"
    config.write_text(yaml.safe_dump(other), encoding="utf-8")
    with pytest.raises(InputError, match="others for n_members"):
        learning(
            config,
            options={},
            out=out,
            resume=True,
            overwrite=False,
            progress=lambda *_: None,
        )


def test_dry_run_tells_the_size_and_writes_nothing(folder, lithophile):
    before = sorted(folder.rglob("*"))
    told = lithophile("learn", "--config", folder / "learn.yaml", "--dry-run", "--json")
    assert told.json["n_train"] == 8
    assert told.json["n_hold_out"] == 2
    assert told.json["md_runs_of_a_round"] == 2
    assert told.json["most_labels"] == 4
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"hold_out": {}}, "groups or as a file"),
        ({"hold_out": {"groups": ["absent"]}}, "absent"),
        ({"hold_out": {"groups": [f"p{k}" for k in range(10)]}}, "leave labels"),
        ({"exploration": None, "random": None}, "structures or random"),
        ({"start_from": ["a", "b", "c"], "training": {}}, "start_from"),
        ({"training": {"seed": 3, "level": "unstated"}}, "training.seed"),
        ({"training": {"level": "PBE"}}, "level"),
        ({"retraining": {"epoch": 3}}, "retraining"),
        ({"retraining": {"epochs": -3}}, "epochs"),
        ({"training": {"split": {"fractions": [0.8, 0.1, 0.1]}}}, "hold_out"),
        ({"random": {"formulas": {"Zr4": [20, 25]}}}, "Zr"),
        ({"random": {"formulas": {}}}, "at least one"),
        ({"exploration": {"structures": ["absent.cif"]}}, "absent.cif"),
        ({"selection": {"least_eV_per_A": 3.0}}, "most_eV_per_A"),
        ({"labelling": "li-zr-cl-gpaw"}, "functional"),
        ({"labelling": {"code": "nonsense"}}, "labelling"),
    ],
)
def test_wrong_settings_are_refused_before_time_is_spent(folder, changes, word):
    with pytest.raises(InputError, match=word):
        plan_learning(
            validate(LearnSettings, {**_values(folder), **changes}, source="test")
        )


def test_a_changed_file_of_the_record_is_named(tmp_path):
    from lithophile.learning_record import LearningRecord  # noqa: PLC0415

    kept = tmp_path / "pool.extxyz"

    def work():
        kept.write_text("one")
        return {"n": 1}

    record = LearningRecord(tmp_path)
    assert record.stage(0, "select", work, files=lambda: [kept]) == {"n": 1}
    kept.write_text("two")
    with pytest.raises(InputError, match="was changed"):
        LearningRecord(tmp_path).stage(0, "select", work, files=lambda: [kept])
