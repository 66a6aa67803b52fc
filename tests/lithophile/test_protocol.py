"""The paper's protocol: its shipped configuration, and its stages run small."""

import json
import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase.build import bulk
from ase.constraints import FixAtoms
from ase.io import read, write

from lithophile.pipeline_settings import RunSettings
from lithophile.settings_file import read_settings
from md.trajectory import open_trajectory
from training_data import InputError

SHIPPED = Path(str(files("lithophile") / "data" / "li2022.yaml"))
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"


def test_shipped_protocol_is_that_of_the_paper():
    settings = read_settings(RunSettings, file=SHIPPED, options={})
    assert settings.relax.cell == settings.final_relax.cell == "fixed"
    md = settings.md
    ramp = md.schedule[0]
    assert (md.temperature_K, ramp.kind, ramp.temperature_K) == (10, "heat", 400)
    at_temperature_ps = md.n_steps * md.timestep_fs / 1000 - ramp.duration_ps
    assert at_temperature_ps == pytest.approx(2000, rel=1e-12)
    assert md.temperatures.temperature_K(md.n_steps) == 400
    assert settings.control is not None
    assert min(settings.transport.temperatures_K) == 300
    chosen = settings.interface
    assert (chosen.electrolyte_layers, chosen.metal_layers) == (4, 5)


def test_documented_protocol_is_the_shipped_one():
    (block,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    shown = RunSettings.model_validate(yaml.safe_load(block))
    assert shown == read_settings(RunSettings, file=SHIPPED, options={})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"transport": {"temperatures_K": [300, 300]}}, "must differ"),
        ({"transport": {"temperatures_K": [0]}}, "must be positive"),
        ({"transport": {"repeat": [1, 0, 1]}}, "at least 1"),
        (
            {"transport": {}, "structure": "a.xyz", "interface": None, "control": None},
            "transport must be null",
        ),
        (
            {
                "md": {
                    "n_steps": 200,
                    "schedule": [
                        {"kind": "heat", "temperature_K": 400, "n_steps": 100},
                        {"kind": "hold", "n_steps": 100},
                    ],
                },
                "control": {"n_steps": 150},
            },
            "schedule must fill n_steps",
        ),
    ],
)
def test_protocols_that_cannot_run_are_refused(tmp_path, values, words):
    file = tmp_path / "run.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_settings(RunSettings, file=file, options={})


SMALL = """
title: the protocol, small
dtype: float32
evaluate: null
interface: {electrolyte_layers: 1, metal_layers: 2}
relax: {fmax_eV_per_A: 0.5, max_steps: 3}
md:
  temperature_K: 10
  schedule: [{kind: heat, temperature_K: 50, n_steps: 4}, {kind: hold}]
  n_steps: 8
  every: 1
final_relax: {fmax_eV_per_A: 0.5, max_steps: 3}
dissolution: {hold_ps: 0.001}
msd: []
control: null
transport: {temperatures_K: [50, 80], repeat: [1, 1, 1], n_steps: 6}
"""


def test_every_stage_of_the_protocol_leaves_its_folder(tmp_path, lithophile):
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    done = lithophile("run", "--config", "small.yaml", "--out", "run", "--json").json
    names = [stage["name"] for stage in done["stages"]]
    assert names == [
        "interface", "relax", "md", "final_relax", "dissolution", "transport/relax",
        "transport/50K/md", "transport/50K/msd-Li",
        "transport/80K/md", "transport/80K/msd-Li",
    ]  # fmt: skip
    run = tmp_path / "run"
    with open_trajectory(run / "md") as trajectory:
        last = trajectory.atoms(-1)
    start = read(run / "last_frame.extxyz")
    np.testing.assert_allclose(start.positions, last.positions, atol=1e-7, rtol=0)
    end = read(run / "final_relax" / "last_frame.extxyz")
    np.testing.assert_array_equal(end.cell.array, start.cell.array)
    (relaxed,) = json.loads((run / "final_relax/result.json").read_text("utf-8"))[
        "structures"
    ]
    assert relaxed["energy_eV"] < trajectory_energy(run / "md")
    set_points = [
        read_yaml(run / f"transport/{t}K/md/config.yaml")["temperature_K"]
        for t in (50, 80)
    ]
    assert set_points == [50.0, 80.0]


FIXED = """
dtype: float32
evaluate: null
interface: null
structure: fixed.extxyz
relax: null
md: {n_steps: 4, every: 1, temperature_K: 900, timestep_fs: 3}
final_relax: {fmax_eV_per_A: 0.05, max_steps: 3}
dissolution: null
msd: null
control: null
"""


def test_fixed_atoms_stay_fixed_to_the_end_and_null_leaves_msd_out(
    tmp_path, lithophile
):
    salt = bulk("LiCl", "rocksalt", a=5.1, cubic=True)
    salt.rattle(0.1, seed=1)
    salt.set_constraint(FixAtoms([0, 3]))
    write(tmp_path / "fixed.extxyz", salt)
    (tmp_path / "fixed.yaml").write_text(FIXED, encoding="utf-8")
    done = lithophile("run", "--config", "fixed.yaml", "--out", "run", "--json").json
    assert [stage["name"] for stage in done["stages"]] == ["md", "final_relax"]
    begin = read(tmp_path / "run" / "last_frame.extxyz")
    end = read(tmp_path / "run" / "final_relax" / "last_frame.extxyz")
    assert begin.constraints[0].index.tolist() == [0, 3]
    moved = np.linalg.norm(end.positions - begin.positions, axis=1)
    assert moved[[0, 3]].max() == 0
    assert np.delete(moved, [0, 3]).min() > 1e-4


def trajectory_energy(folder: Path) -> float:
    with open_trajectory(folder) as trajectory:
        return float(trajectory.observables["potential_energy_eV"][-1])


def read_yaml(path: Path) -> dict:
    return yaml.safe_load(path.read_text("utf-8"))
