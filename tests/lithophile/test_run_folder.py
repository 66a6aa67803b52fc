"""What happens to a run folder when a run is refused, crashes or is killed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lithophile.claim import set_aside
from lithophile.interrupted import Interrupted
from lithophile.run_folder import RunFolder
from training_data import InputError

RUN = """
model: chgnet
evaluate: null
interface: null
structure: {structure}
relax: null
md: {{n_steps: 4, every: 1, temperature_K: 50}}
dissolution: null
msd: [{{species: Cl, fit_ps: [5, 6]}}]
control: null
"""


@pytest.fixture
def old_run(tmp_path):
    """Make a folder that holds a finished run."""
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").write_text("{}\n", encoding="utf-8")
    (run / "result.json").write_text('{"old": true}\n', encoding="utf-8")
    return run


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_late_mistake_keeps_finished_stages(tmp_path, lithophile, labels):
    """The window of the fit is longer than the run: known only after the dynamics."""
    config = tmp_path / "run.yaml"
    config.write_text(RUN.format(structure=labels), encoding="utf-8")
    first = lithophile("run", "--config", config, "--out", "run", code=2)
    assert "fit_ps" in first.message
    trajectory = tmp_path / "run" / "md" / "trajectory.h5"
    content = trajectory.read_bytes()
    again = lithophile("run", "--out", "run", "--resume", code=2)
    assert "md: kept" in again.message
    assert trajectory.read_bytes() == content
    anew = lithophile("run", "--config", config, "--out", "run", "--overwrite", code=2)
    assert ".run.replaced'" in anew.message
    kept = tmp_path / ".run.replaced" / "md" / "trajectory.h5"
    assert kept.read_bytes() == content


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("every: 1,", "every: 100,"), "md.every"),
        (("species: Cl", "species: Zr"), "msd.0.species"),
        (
            ("dissolution: null", "dissolution: {form_A: 3, break_A: 2}"),
            "break_A must be larger",
        ),
    ],
)
def test_mistake_that_shows_before_the_run(tmp_path, lithophile, labels, change, words):
    config = tmp_path / "run.yaml"
    text = RUN.format(structure=labels).replace(*change)
    config.write_text(text, encoding="utf-8")
    answer = lithophile("run", "--config", config, "--out", "a/b", code=2)
    assert words in answer.message
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("trajectory.h5", ("analyze", "dissolution", "run")),
        ("trajectory.h5", ("analyze", "msd", "run/trajectory.h5")),
        ("rest.extxyz", ("relax", "run/rest.extxyz")),
        ("rest.extxyz", ("build", "slab", "run/rest.extxyz")),
        ("m.safetensors", ("evaluate", "run")),
        ("m.safetensors", ("md", "--structure", "run/m.safetensors")),
    ],
)
def test_input_is_never_overwritten(tmp_path, lithophile, old_run, name, command):
    (old_run / name).write_bytes(b"precious")
    before = _contents(tmp_path)
    answer = lithophile(*command, "--out", "run", "--overwrite", code=2)
    assert "--overwrite must leave the input alone" in answer.message
    assert _contents(tmp_path) == before


def test_crash_gives_the_overwritten_run_back(tmp_path, old_run):
    """No file may be larger than 6 kB, and the slab is: the program fails."""
    before = _contents(tmp_path)
    limit = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (6000, 6000)); "
    start = "from lithophile.application import main; main()"
    arguments = ("build", "slab", "LiCl", "--layers", "60", "--out", str(old_run))
    done = subprocess.run(
        [sys.executable, "-B", "-c", limit + start, *arguments, "--overwrite"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert _contents(tmp_path) == before


def _overwrite(run: Path, error: BaseException | None, *, begin: bool) -> None:
    with RunFolder(run).cleared(overwrite=True) as claim:
        run.mkdir()
        (run / "config.yaml").write_text("new\n", encoding="utf-8")
        if begin:
            claim.watching(lambda *_: None)(1, 2, {})
        if error is not None:
            raise error


@pytest.mark.parametrize("error", [RuntimeError("x"), KeyboardInterrupt()])
def test_crash_after_the_beginning_keeps_both_runs(old_run, error):
    with pytest.raises(type(error)):
        _overwrite(old_run, error, begin=True)
    assert (old_run / "config.yaml").read_text("utf-8") == "new\n"
    (aside,) = set_aside(old_run)
    assert (aside / "result.json").is_file()
    with pytest.raises(type(error)):
        _overwrite(old_run, error, begin=True)
    assert len(set_aside(old_run)) == 2
    _overwrite(old_run, None, begin=True)
    assert set_aside(old_run) == []


@pytest.mark.parametrize("error", [InputError("x"), MemoryError(), SystemExit(1)])
def test_error_before_the_beginning_changes_nothing(tmp_path, old_run, error):
    before = _contents(tmp_path)
    with pytest.raises(type(error)):
        _overwrite(old_run, error, begin=False)
    assert _contents(tmp_path) == before


def test_stop_of_the_new_run_ends_the_old_one(old_run):
    with pytest.raises(Interrupted):
        _overwrite(old_run, Interrupted({}, RuntimeError("guard")), begin=False)
    assert set_aside(old_run) == []
    assert (old_run / "config.yaml").read_text("utf-8") == "new\n"


def test_link_to_a_run_is_overwritten_without_what_it_leads_to(tmp_path, old_run):
    link = tmp_path / "link"
    link.symlink_to(old_run.name)
    with pytest.raises(RuntimeError):
        _overwrite(link, RuntimeError("x"), begin=False)
    assert link.is_symlink()
    _overwrite(link, None, begin=True)
    assert not link.is_symlink()
    assert (old_run / "result.json").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "run"]


def test_run_set_aside_by_a_killed_one_is_not_lost(tmp_path, lithophile, old_run):
    shutil.move(old_run, tmp_path / ".run.replaced")
    before = _contents(tmp_path)
    slab = ("build", "slab", "LiCl", "--layers", "2", "--out", "run")
    for options in ((), ("--overwrite",)):
        answer = lithophile(*slab, *options, code=2)
        assert ".run.replaced" in answer.message
    assert _contents(tmp_path) == before


@pytest.mark.parametrize("out", ["/proc/foo", "one.xyz/sub", "n" * 300])
def test_folder_that_cannot_be_made(tmp_path, lithophile, out):
    (tmp_path / "one.xyz").write_text("", encoding="utf-8")
    answer = lithophile("build", "slab", "LiCl", "--out", out, code=2)
    assert "--out must be a folder" in answer.message
    assert "Traceback" not in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["one.xyz"]


def test_empty_working_folder_can_hold_a_run(tmp_path, lithophile):
    lithophile("build", "slab", "LiCl", "--layers", "2", "--out", ".")
    assert (tmp_path / "result.json").is_file()
