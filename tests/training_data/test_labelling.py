"""Labels: right numbers, nothing computed twice, nothing wrong in the file."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import read, write
from ase.units import Rydberg

from training_data import (
    InputError,
    LabellingSettings,
    label_queue,
    load_shipped,
    read_dataset,
    read_labelling_settings,
)
from training_data.frame_hash import as_written, frame_hash
from training_data.label_store import LabelStore
from training_data.labelled_frame import labelled_frame
from training_data.labelling import LabellingStopped
from training_data.labelling_kpoints import KPoints, kpoint_grid
from training_data.labelling_process import SinglePoint
from training_data.labelling_settings import checked_settings

EMT_SETTINGS = LabellingSettings(code="ase.calculators.emt.EMT", functional="EMT")
LJ_SETTINGS = LabellingSettings(
    code="ase.calculators.lj.LennardJones",
    arguments={"epsilon": 0.01, "sigma": 2.5, "rc": 6.0},
    periodic=False,
)


@pytest.fixture
def pool():
    rng = np.random.default_rng(7)
    frames = []
    for i in range(6):
        atoms = bulk("Cu" if i % 2 else "Al", cubic=True)
        atoms.positions += rng.normal(0.0, 0.1, atoms.positions.shape)
        atoms.info = {"config_type": "Cu" if i % 2 else "Al", "parent": f"p{i // 2}"}
        frames.append(atoms)
    return frames


def test_labels_are_the_numbers_of_the_code(pool, tmp_path):
    out = tmp_path / "labels.extxyz"
    result = label_queue(pool, EMT_SETTINGS, out)
    assert (result.n_labelled, result.n_new, result.n_failed) == (6, 6, 0)
    labels = read_dataset(out)
    assert labels.level.functional == "EMT"
    assert labels.config_types == tuple(a.info["config_type"] for a in pool)
    for atoms, label in zip(pool, labels.frames, strict=True):
        same = as_written(atoms)
        same.calc = EMT()
        assert label.info["REF_energy"] == same.get_potential_energy()
        np.testing.assert_allclose(
            label.arrays["REF_forces"], same.get_forces(), rtol=0, atol=1e-8
        )
        np.testing.assert_allclose(
            label.info["REF_stress"], same.get_stress(), rtol=1e-12
        )
    assert not (tmp_path / "labels.working").exists()


def test_stress_is_the_strain_derivative_of_the_energy(tmp_path):
    atoms = bulk("Cu", cubic=True)
    step = 1e-4
    strained = []
    for sign in (-1, 0, 1):
        cell = atoms.copy()
        cell.set_cell(atoms.cell * (1 + sign * step), scale_atoms=True)
        strained.append(cell)
    label_queue(strained, EMT_SETTINGS, tmp_path / "labels.extxyz")
    below, middle, above = read(tmp_path / "labels.extxyz", ":")
    slope = (above.info["REF_energy"] - below.info["REF_energy"]) / (2 * step)
    trace = middle.info["REF_stress"][:3].sum() * atoms.get_volume()
    assert trace == pytest.approx(slope, rel=1e-5)


def test_second_call_computes_only_what_is_missing(pool, tmp_path):
    out = tmp_path / "labels.extxyz"
    before = [atoms.copy() for atoms in pool]
    first = label_queue(pool, EMT_SETTINGS, out, limit=4)
    assert (first.n_labelled, first.n_waiting) == (4, 2)
    second = label_queue(pool, EMT_SETTINGS, out)
    assert (second.n_labelled, second.n_new, second.n_waiting) == (6, 2, 0)
    content = out.read_bytes()
    third = label_queue([*pool, pool[0]], EMT_SETTINGS, out)
    assert (third.n_new, third.n_skipped) == (0, 1)
    assert out.read_bytes() == content
    assert all(a == b for a, b in zip(before, pool, strict=True))
    assert all(a.info == b.info for a, b in zip(before, pool, strict=True))


def test_structures_from_a_file_and_from_memory_are_the_same(pool, tmp_path):
    write(tmp_path / "pool.extxyz", pool)
    label_queue(pool, EMT_SETTINGS, tmp_path / "labels.extxyz")
    again = label_queue(
        read(tmp_path / "pool.extxyz", ":"), EMT_SETTINGS, tmp_path / "labels.extxyz"
    )
    assert again.n_new == 0


def test_label_file_torn_anywhere_is_mended(pool, tmp_path):
    out = tmp_path / "labels.extxyz"
    label_queue(pool[:2], EMT_SETTINGS, out)
    short = out.stat().st_size
    label_queue(pool[:3], EMT_SETTINGS, out)
    whole = out.read_bytes()
    middle = (short + len(whole)) // 2
    for cut in (short + 1, whole.index(b"\n", short) + 1, middle, len(whole) - 1):
        out.write_bytes(whole[:cut])
        result = label_queue(pool[:3], EMT_SETTINGS, out)
        assert result.n_new == 1
        assert out.read_bytes() == whole


def test_failure_is_noted_with_its_reason_and_never_a_label(pool, tmp_path):
    out = tmp_path / "labels.extxyz"
    iron = bulk("Fe", cubic=True)  # EMT has no parameters for it
    result = label_queue([pool[0], iron, pool[1]], EMT_SETTINGS, out)
    assert (result.n_labelled, result.n_failed) == (2, 1)
    (failure,) = result.failures
    assert failure.id == frame_hash(iron)
    assert "Fe" in failure.reason
    noted = json.loads((tmp_path / "labels.failed.json").read_text("utf-8"))
    assert noted[failure.id]["formula"] == "Fe2"
    assert all("Fe" not in a.get_chemical_formula() for a in read(out, ":"))
    assert label_queue([iron], EMT_SETTINGS, out).n_failed == 1
    retried = label_queue([iron], EMT_SETTINGS, out, retry_failed=True)
    assert retried.n_failed == 1


@pytest.mark.parametrize(("distance", "reason"), [(1.0, "force of"), (0.0, "finite")])
def test_label_that_cannot_be_right_is_refused(distance, reason, tmp_path):
    dimer = Atoms("Ar2", [(0, 0, 0), (distance, 0, 0)])
    apart = Atoms("Ar2", [(0, 0, 0), (3.0, 0, 0)])
    result = label_queue([dimer, apart], LJ_SETTINGS, tmp_path / "labels.extxyz")
    assert (result.n_labelled, result.n_failed) == (1, 1)
    assert reason in result.failures[0].reason


def test_queue_ends_when_one_after_the_other_fails(pool, tmp_path):
    settings = EMT_SETTINGS.model_copy(update={"stop_after_failures": 3})
    iron = [bulk("Fe", cubic=True, a=2.8 + 0.01 * i) for i in range(5)]
    out = tmp_path / "labels.extxyz"
    with pytest.raises(LabellingStopped, match="3 structures in a row failed"):
        label_queue([pool[0], *iron], settings, out)
    assert len(read(out, ":")) == 1


SLOW = """
import os, time
from ase.calculators.emt import EMT
class Slow(EMT):
    def calculate(self, atoms, *rest):
        if atoms.info.get("x") is None and len(atoms) == 1:
            {deed}
        super().calculate(atoms, *rest)
"""


@pytest.mark.parametrize(
    ("deed", "reason"),
    [("time.sleep(60)", "not done after"), ("os.abort()", "SIGABRT")],
)
def test_crash_or_endless_calculation_costs_one_structure(
    deed, reason, pool, tmp_path, monkeypatch
):
    (tmp_path / "slowemt.py").write_text(SLOW.format(deed=deed), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    settings = LabellingSettings(code="slowemt.Slow", timeout_minutes=0.08)
    frames = [pool[0], bulk("Cu"), pool[1]]
    result = label_queue(frames, settings, tmp_path / "labels.extxyz")
    assert (result.n_labelled, result.n_failed) == (2, 1)
    assert reason in result.failures[0].reason


def test_one_writer(pool, tmp_path):
    out = tmp_path / "labels.extxyz"
    with LabelStore(out), pytest.raises(InputError, match="one writer"):
        label_queue(pool, EMT_SETTINGS, out)


def test_labels_of_two_levels_do_not_meet(pool, tmp_path):
    out = tmp_path / "labels.extxyz"
    label_queue(pool[:2], EMT_SETTINGS, out)
    content = out.read_bytes()
    other = EMT_SETTINGS.model_copy(update={"functional": "PBE"})
    with pytest.raises(InputError, match="functional"):
        label_queue(pool, other, out)
    (tmp_path / "labels.queue.json").unlink()
    with pytest.raises(InputError, match="two energy zeros"):
        label_queue(pool, other, out)
    assert out.read_bytes() == content


def test_skipped_files_and_order(pool, tmp_path):
    label_queue(pool[:1], EMT_SETTINGS, tmp_path / "first.extxyz")
    big = pool[1].repeat((2, 1, 1))
    big.info = dict(pool[1].info)
    result = label_queue(
        [big, *pool],
        EMT_SETTINGS,
        tmp_path / "labels.extxyz",
        skip=[tmp_path / "first.extxyz"],
        order="round-robin",
    )
    assert (result.n_labelled, result.n_skipped) == (6, 1)
    kinds = [a.info["config_type"] for a in read(tmp_path / "labels.extxyz", ":")]
    sizes = [len(a) for a in read(tmp_path / "labels.extxyz", ":")]
    assert kinds[:4] in (["Al", "Cu"] * 2, ["Cu", "Al"] * 2)
    assert sizes[-1] == 8


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"code": "gpwa"}, "must be one of gpaw"),
        ({"code": "gpaw", "argumens": {}}, "argumens"),
        ({"code": "gpaw", "functional": "PBEsol", "dispersion": "D3(BJ)"}, "PBEsol"),
        ({"code": "vasp", "kpoints": {}, "arguments": {"kpts": [1, 1, 1]}}, "kpoints"),
        ({"code": "cp2k", "kpoints": {}}, "KPOINTS section"),
        ({"code": "gpaw", "threads": 0, "max_force_eV_per_A": -1}, "got 2 in"),
    ],
)
def test_wrong_settings_are_told(values, words):
    with pytest.raises(InputError, match=words):
        checked_settings(values, source="test")


def test_structures_that_the_level_cannot_label_are_refused(tmp_path):
    level = read_labelling_settings()
    with pytest.raises(InputError, match="none for Al"):
        label_queue([bulk("Al")], level, tmp_path / "labels.extxyz")
    with pytest.raises(InputError, match="periodic along three"):
        label_queue([Atoms("Li2", [(0, 0, 0), (2, 0, 0)])], level, tmp_path / "l.xyz")
    assert list(tmp_path.iterdir()) == []


def test_all_structures_that_are_unfit_are_told_at_once(pool, tmp_path):
    loose, spoilt, flat = (atoms.copy() for atoms in pool[:3])
    loose.pbc = False
    spoilt.positions[0, 0] = np.nan
    flat.set_cell([(4, 0, 0), (0, 4, 0), (4, 4, 0)])
    with pytest.raises(InputError) as caught:
        label_queue([pool[3], loose, spoilt, flat], EMT_SETTINGS, tmp_path / "l.xyz")
    message = str(caught.value)
    assert "3 of 4" in message
    assert "frame 1: must be periodic" in message
    assert "frame 2: must have finite" in message
    assert "frame 3: must have a cell with a volume" in message
    gridded = pool[0].copy()
    gridded.info["kpts"] = "oops"
    level = EMT_SETTINGS.model_copy(update={"kpoints": KPoints()})
    with pytest.raises(InputError, match="three whole numbers in kpts; got 'oops'"):
        label_queue([gridded], level, tmp_path / "l.xyz")


def test_labels_under_a_renamed_key_are_not_taken_for_labels(pool, tmp_path):
    out = tmp_path / "labels.extxyz"
    label_queue(pool[:2], EMT_SETTINGS, out)
    text = out.read_text("utf-8")
    for key in ("REF_energy", "REF_forces"):
        out.write_text(text.replace(key, "my_label"), encoding="utf-8")
        with pytest.raises(InputError, match=f"frame 0 without {key}"):
            label_queue(pool[:2], EMT_SETTINGS, out)


def test_level_is_that_of_the_labels_or_unknown(pool, tmp_path):
    out = tmp_path / "labels.extxyz"
    assert label_queue(pool, EMT_SETTINGS, out, limit=0).level_of_theory is None
    first = label_queue(pool, EMT_SETTINGS, out)
    (tmp_path / "labels.queue.json").unlink()
    again = label_queue(pool, EMT_SETTINGS, out)
    assert again.n_new == 0
    assert again.level_of_theory == first.level_of_theory
    assert str(again.level_of_theory).startswith("EMT (ase.calculators.emt.EMT, ase")


def test_code_that_cannot_start_is_told_before_the_queue(pool, tmp_path, monkeypatch):
    monkeypatch.delenv("ASE_VASP_COMMAND", raising=False)
    monkeypatch.delenv("VASP_COMMAND", raising=False)
    vasp = LabellingSettings(code="vasp", arguments={"xc": "PBE"})
    with pytest.raises(InputError, match="vasp can start; got CalculatorSetupError"):
        label_queue(pool, vasp, tmp_path / "labels.extxyz")
    assert not (tmp_path / "labels.failed.json").exists()


def test_missing_code_is_told_before_time_is_spent(pool, tmp_path):
    settings = LabellingSettings(code="no.such.Code")
    with pytest.raises(InputError, match="No module named 'no'"):
        label_queue(pool, settings, tmp_path / "labels.extxyz")
    nowhere = EMT_SETTINGS.model_copy(update={"python": "/no/such/python"})
    with pytest.raises(InputError, match="python must be an interpreter"):
        label_queue(pool, nowhere, tmp_path / "labels.extxyz")
    assert not (tmp_path / "labels.extxyz").exists()


def test_shipped_labels_have_the_grids_stresses_and_hashes_of_the_shipped_level():
    level = read_labelling_settings()
    checked = 0
    frames = load_shipped("li-zr-cl-pbe").frames[::6]
    for frame in frames:
        plain = frame.copy()
        used = tuple(plain.info.pop("kpts"))
        analytic = frame.info["stress_fixed_planewaves"]
        label = labelled_frame(
            as_written(plain),
            SinglePoint(
                energy=frame.info["REF_energy"],
                forces=frame.arrays["REF_forces"],
                stress=analytic,
            ),
            settings=level,
            level="",
            kpts=None,
        )
        np.testing.assert_allclose(
            label.info["REF_stress"], frame.info["REF_stress"], rtol=1e-9, atol=1e-12
        )
        np.testing.assert_allclose(
            label.info["D3_energy"], frame.info["D3_energy"], rtol=1e-8
        )
        if "frame_hash" in frame.info:
            assert frame.info["frame_hash"] == label.info["frame_hash"]
        checked += kpoint_grid(plain, kpoints=KPoints()) == used
    assert checked >= 0.9 * len(frames)


PW_OUTPUT = """
     Program PWSCF v.7.2 starts on  1Jan2024 at 12: 0: 0
     lattice parameter (alat)  =       6.5008  a.u.
     number of atoms/cell      =            2
     celldm(1)=   6.500800  celldm(2)=   0.000000  celldm(3)=   0.000000
     crystal axes: (cart. coord. in units of alat)
               a(1) = (   1.000000   0.000000   0.000000 )
               a(2) = (   0.000000   1.000000   0.000000 )
               a(3) = (   0.000000   0.000000   1.000000 )
     site n.     atom                  positions (alat units)
         1           Li  tau(   1) = (   0.0000000   0.0000000   0.0000000  )
         2           Li  tau(   2) = (   0.5000000   0.5000000   0.5000000  )
!    total energy              =     -30.00000000 Ry
     {end}
     Forces acting on atoms (cartesian axes, Ry/au):

     atom    1 type  1   force =     0.01000000    0.00000000    0.00000000
     atom    2 type  1   force =    -0.01000000    0.00000000    0.00000000

          total   stress  (Ry/bohr**3)                   (kbar)     P=       14.71
   0.00010000   0.00000000   0.00000000           14.71        0.00        0.00
   0.00000000   0.00010000   0.00000000            0.00       14.71        0.00
   0.00000000   0.00000000   0.00010000            0.00        0.00       14.71
"""


@pytest.mark.parametrize(
    ("end", "n_labelled"),
    [("convergence has been achieved", 1), ("convergence NOT achieved after", 0)],
)
def test_espresso_is_driven_through_its_files(end, n_labelled, tmp_path):
    """pw.x itself is replaced by a script that prints a prepared output."""
    program = tmp_path / "pw.x"
    text = PW_OUTPUT.format(end=end)
    program.write_text(
        f"#!/bin/sh\ntest -f \"$2\" && cat <<'OUTPUT'{text}OUTPUT\n", encoding="utf-8"
    )
    program.chmod(0o755)
    (tmp_path / "Li.upf").write_text("", encoding="utf-8")
    settings = LabellingSettings(
        code="espresso",
        functional="PBE",
        arguments={
            "profile": {"command": str(program), "pseudo_dir": str(tmp_path)},
            "pseudopotentials": {"Li": "Li.upf"},
            "input_data": {"control": {"tprnfor": True, "tstress": True}},
        },
        kpoints=KPoints(),
        keep_output="all",
    )
    lithium = bulk("Li", cubic=True, a=3.44)
    result = label_queue([lithium], settings, tmp_path / "labels.extxyz")
    assert result.n_labelled == n_labelled, result.failures
    if not n_labelled:
        assert "did not converge" in result.failures[0].reason
        return
    frame = read(tmp_path / "labels.extxyz")
    assert frame.info["REF_energy"] == pytest.approx(-30 * Rydberg, rel=1e-6)
    assert (frame.info["REF_stress"][:3] < 0).all()
    (given,) = (tmp_path / "labels.output").glob("*/espresso.pwi")
    assert "6 6 6" in given.read_text("utf-8")


GPAW_PYTHON = os.environ.get("LITHOPHILE_GPAW_PYTHON")


@pytest.mark.skipif(
    GPAW_PYTHON is None, reason="LITHOPHILE_GPAW_PYTHON names no environment with GPAW"
)
def test_gpaw_labels_and_its_unconverged_run_is_a_failure(tmp_path):
    level = read_labelling_settings()
    quick = {
        **level.arguments,
        "mode": {"name": "pw", "ecut": 200},
        "convergence": {"energy": 1e-3, "density": 1e-3},
    }
    settings = level.model_copy(
        update={"arguments": quick, "kpoints": KPoints(metallic_A=0.6)}
    )
    lithium = bulk("Li", cubic=True, a=3.44)
    lithium.positions[0] += 0.1
    out = tmp_path / "labels.extxyz"
    result = label_queue([lithium], settings, out)
    assert result.n_labelled == 1, result.failures
    frame = read(out)
    assert frame.info["code"].startswith("GPAW 2")
    assert tuple(frame.info["kpts"]) == (2, 2, 2)
    assert -2.4 < frame.info["REF_energy"] / 2 < -1.8  # of a coarse grid
    assert np.abs(frame.arrays["REF_forces"].sum(axis=0)).max() < 0.02
    assert frame.info["D3_energy"] < 0
    again = tmp_path / "again.extxyz"
    label_queue([bulk("Li", cubic=True, a=3.5), lithium], settings, again)
    assert again.read_bytes().endswith(out.read_bytes())  # bit for bit, whatever before
    hopeless = settings.model_copy(update={"arguments": {**quick, "maxiter": 2}})
    failed = label_queue([lithium], hopeless, tmp_path / "other.extxyz")
    assert (failed.n_labelled, failed.n_failed) == (0, 1)
    assert "KohnShamConvergenceError" in failed.failures[0].reason
    kept = Path(tmp_path / "other.output") / failed.failures[0].id / "gpaw.txt"
    assert "maximum number of iterations: 2" in kept.read_text("utf-8")
