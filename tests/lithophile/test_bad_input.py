"""Wrong input: exit code 2, one message that helps, no traceback, nothing written."""

import pytest

MODEL = "chgnet"


def _before_and_after(tmp_path, lithophile, *arguments):
    before = sorted(tmp_path.rglob("*"))
    answer = lithophile(*arguments, code=2)
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""
    assert answer.message.count("lithophile: ") == 1
    assert sorted(tmp_path.rglob("*")) == before
    return answer.message


def test_missing_file(tmp_path, lithophile):
    message = _before_and_after(
        tmp_path, lithophile, "evaluate", MODEL, "absent.extxyz", "--out", "out"
    )
    assert "absent.extxyz" in message


def test_cubic_garnet_must_be_ordered_before_it_is_cut(tmp_path, lithophile):
    message = _before_and_after(
        tmp_path, lithophile, "build", "slab", "LLZO-cubic", "--out", "out"
    )
    assert "structure must be ordered; got 'LLZO-cubic'" in message
    assert "lithophile build llzo --out llzo" in message


def test_truncated_extxyz(tmp_path, lithophile, labels):
    text = labels.read_text("utf-8")
    labels.write_text(text[: text.rindex("Cl")], encoding="utf-8")
    message = _before_and_after(
        tmp_path, lithophile, "evaluate", MODEL, labels, "--out", "out"
    )
    assert "frame 2" in message


def test_lfs_pointer(tmp_path, lithophile):
    pointer = tmp_path / "pointer.extxyz"
    pointer.write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "utf-8"
    )
    message = _before_and_after(
        tmp_path, lithophile, "relax", pointer, "--model", MODEL, "--out", "out"
    )
    assert "git lfs pull" in message


def test_labels_under_wrong_keys(tmp_path, lithophile, labels):
    text = labels.read_text("utf-8").replace("REF_energy", "energy")
    labels.write_text(text.replace("REF_forces", "forces"), encoding="utf-8")
    message = _before_and_after(
        tmp_path, lithophile, "evaluate", MODEL, labels, "--out", "out"
    )
    assert "frame 0" in message
    assert "REF_energy" in message


def test_energy_that_is_not_a_number(tmp_path, lithophile, labels):
    labels.write_text(labels.read_text("utf-8").replace("-7.01", "nan"), "utf-8")
    config = tmp_path / "train.yaml"
    config.write_text(f"dataset: {labels}\nlevel: PBE\n", encoding="utf-8")
    message = _before_and_after(
        tmp_path, lithophile, "train", "--config", config, "--out", "out"
    )
    assert "frame 1" in message
    assert "finite" in message


def test_element_that_the_model_does_not_know(tmp_path, lithophile):
    structure = tmp_path / "lao.xyz"
    structure.write_text("2\n\nCm 0 0 0\nO 2 0 0\n", encoding="utf-8")
    message = _before_and_after(
        tmp_path,
        lithophile,
        *("md", "--structure", structure, "--model", MODEL),
        *("--steps", "5", "--out", "out"),
    )
    assert "Cm" in message


def test_unknown_keys_are_listed_at_once_with_their_paths(tmp_path, lithophile):
    config = tmp_path / "run.yaml"
    config.write_text(
        "modle: chgnet\n"
        "interface: {metal_layer: 3, gap_A: wide}\n"
        "md: {temperature_K: 400, guards: {min_distance: 1}}\n",
        encoding="utf-8",
    )
    message = _before_and_after(
        tmp_path, lithophile, "run", "--config", config, "--out", "out"
    )
    assert "got 4 in" in message
    for path, remedy in (
        ("modle", "model"),
        ("interface.metal_layer", "metal_layers"),
        ("interface.gap_A", "number"),
        ("md.guards.min_distance", "min_distance"),
    ):
        line = next(line for line in message.splitlines() if f"  {path} " in line)
        assert remedy in line


def test_config_that_is_not_yaml(tmp_path, lithophile):
    config = tmp_path / "md.yaml"
    config.write_text("steps: [1, 2\n", encoding="utf-8")
    message = _before_and_after(
        tmp_path, lithophile, "md", "--config", config, "--out", "out"
    )
    assert "md.yaml" in message


def test_model_without_a_card(tmp_path, lithophile, labels):
    weights = tmp_path / "orphan.safetensors"
    weights.write_bytes(b"\0" * 64)
    message = _before_and_after(
        tmp_path, lithophile, "evaluate", weights, labels, "--out", "out"
    )
    assert "card" in message


def test_run_with_a_start_that_is_not_there(tmp_path, lithophile):
    config = tmp_path / "run.yaml"
    config.write_text(
        "model: chgnet\ntrain: {start_from: no-such-model}\n", encoding="utf-8"
    )
    message = _before_and_after(
        tmp_path, lithophile, "run", "--config", config, "--out", "out"
    )
    assert "no-such-model" in message


def test_unknown_model(tmp_path, lithophile, labels):
    message = _before_and_after(
        tmp_path, lithophile, "evaluate", "no-such-model", labels, "--out", "out"
    )
    assert "no-such-model" in message


def test_pickled_model_without_trust(tmp_path, lithophile, labels):
    weights = tmp_path / "theirs.model"
    weights.write_bytes(b"\0" * 64)
    message = _before_and_after(
        tmp_path, lithophile, "evaluate", weights, labels, "--out", "out"
    )
    assert "trust" in message


def test_bond_of_an_element_with_itself(tmp_path, lithophile):
    message = _before_and_after(
        tmp_path,
        lithophile,
        *("analyze", "dissolution", "a.h5", "--species", "Cl", "--ligand", "Cl"),
    )
    assert "two elements" in message


def test_structure_that_cannot_be_evaluated(tmp_path, lithophile):
    structure = tmp_path / "flat.extxyz"
    structure.write_text(
        '2\nLattice="0 0 0 0 0 0 0 0 0" Properties=species:S:1:pos:R:3 pbc="T T T"\n'
        "Li 0 0 0\nCl 2 0 0\n",
        encoding="utf-8",
    )
    message = _before_and_after(
        tmp_path, lithophile, "relax", structure, "--model", MODEL, "--out", "out"
    )
    assert "flat" in message


@pytest.mark.parametrize("mark", ["config.yaml", "result.json", "trajectory.h5"])
def test_folder_that_holds_a_run(tmp_path, lithophile, mark):
    run = tmp_path / "run"
    run.mkdir()
    (run / mark).write_text("{}", encoding="utf-8")
    message = _before_and_after(
        tmp_path, lithophile, "build", "interface", "--out", "run"
    )
    assert "--overwrite" in message


def test_overwrite_gives_the_old_run_back_when_the_new_one_is_refused(
    tmp_path, lithophile
):
    lithophile("build", "slab", "LiCl", "--layers", "2", "--out", "run")
    result = (tmp_path / "run" / "result.json").read_bytes()
    lithophile(
        *("build", "slab", "LiCl", "--miller", "0 0 0", "--out", "run", "--overwrite"),
        code=2,
    )
    assert (tmp_path / "run" / "result.json").read_bytes() == result
    lithophile("build", "slab", "LiCl", "--layers", "3", "--out", "run", "--overwrite")
    assert (tmp_path / "run" / "result.json").read_bytes() != result


def test_overwrite_spares_the_working_folder(tmp_path, lithophile):
    (tmp_path / "result.json").write_text("{}", encoding="utf-8")
    message = _before_and_after(
        tmp_path, lithophile, "build", "slab", "LiCl", "--out", ".", "--overwrite"
    )
    assert "working folder" in message
