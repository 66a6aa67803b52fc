"""Weights and cards: what is loaded is what was trained, or nothing is."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from mlip import ModelCard, available_models, load_potential, read_card, write_card
from mlip.mace_model import build_mace, describe_architecture
from mlip.mace_potential import MacePotential
from mlip.model_card import card_path, file_sha256
from mlip.training_config import ArchitectureConfig
from mlip.weights import save_weights
from training_data import InputError
from training_data.dispersion import dispersion

SALT = Atoms("LiCl", positions=[[0, 0, 0], [0.3, 0, 2.1]], cell=np.eye(3) * 6, pbc=True)


@pytest.fixture(scope="module")
def architecture() -> dict[str, object]:
    return describe_architecture(
        ArchitectureConfig(channels=4, radial_layers=(8, 8), r_max_A=4.0),
        reference_energies_eV={"Li": -1.9, "Cl": -1.8},
        average_neighbours=6.0,
        force_scale_eV_per_A=1.0,
    )


@pytest.fixture(scope="module")
def network(architecture: dict[str, object]) -> object:
    return build_mace(architecture)


@pytest.fixture
def weights(tmp_path: Path, network: object, architecture: dict[str, object]) -> Path:
    path = tmp_path / "salt.safetensors"
    save_weights(network, path)
    write_card(
        ModelCard(
            name="salt",
            created="2026-11-20T09:00:00Z",
            level_of_theory="PBE",
            elements=("Li", "Cl"),
            reference_energies_eV={"Li": -1.9, "Cl": -1.8},
            architecture=architecture,
            weights_sha256=file_sha256(path),
        ),
        card_path(path),
    )
    return path


def test_rebuilt_network_is_the_network(weights: Path, network: object) -> None:
    original = MacePotential(network, name="salt", level="PBE").evaluate([SALT])
    loaded = load_potential(weights, dtype="float32")
    assert (loaded.name, loaded.level) == ("salt", "PBE")
    assert loaded.species == {"Li", "Cl"}
    rebuilt = loaded.evaluate([SALT])
    np.testing.assert_array_equal(rebuilt.energies, original.energies)
    np.testing.assert_array_equal(rebuilt.forces[0], original.forces[0])


def test_folder_of_a_run_is_a_model(weights: Path) -> None:
    assert load_potential(weights.parent).name == "salt"


def test_dispersion_is_added_when_the_card_says_so(weights: Path) -> None:
    bare = load_potential(weights).evaluate([SALT])
    by_name = load_potential(f"{weights}+d3").evaluate([SALT]).energies[0]
    card = read_card(card_path(weights))
    values = card.to_json()
    values.update(runtime_dispersion="D3(BJ)", level_of_theory="PBE-D3(BJ)")
    write_card(ModelCard.from_json(values), card_path(weights))
    corrected = load_potential(weights)
    assert corrected.level == "PBE-D3(BJ)"
    added = corrected.evaluate([SALT]).energies[0] - bare.energies[0]
    np.testing.assert_allclose(added, dispersion(SALT).energy, atol=2e-5)
    assert by_name == bare.energies[0] + added


def test_changed_weights_are_never_loaded(weights: Path) -> None:
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"sha256 of .*salt.safetensors.* must be"):
        load_potential(weights)


def test_truncated_weights_with_a_matching_card_are_refused(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:-100])
    values = read_card(card_path(weights)).to_json()
    values["weights_sha256"] = file_sha256(weights)
    write_card(ModelCard.from_json(values), card_path(weights))
    with pytest.raises(InputError, match="safetensors"):
        load_potential(weights)


def test_weights_of_another_architecture_are_refused(weights: Path) -> None:
    values = read_card(card_path(weights)).to_json()
    values["architecture"] = {**values["architecture"], "correlation": 1}
    write_card(ModelCard.from_json(values), card_path(weights))
    with pytest.raises(InputError, match="must be those of the card's architecture"):
        load_potential(weights)


def test_model_without_card_is_refused(weights: Path) -> None:
    card_path(weights).unlink()
    with pytest.raises(InputError, match="must lie beside its weights"):
        load_potential(weights)


def test_lfs_pointer_is_recognised(weights: Path) -> None:
    weights.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(InputError, match="git lfs pull"):
        load_potential(weights)


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "x"}'])
def test_broken_card_is_refused(weights: Path, text: str) -> None:
    card_path(weights).write_text(text)
    with pytest.raises(InputError, match="model card"):
        load_potential(weights)


def test_pickled_model_needs_trust(tmp_path: Path, network: object) -> None:
    """A pickle that would leave a file behind must not have been opened."""
    import torch

    mark = tmp_path / "executed"
    path = tmp_path / "evil.model"

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (mark,))

    torch.save(Evil(), path)
    with pytest.raises(InputError, match="trust"):
        load_potential(path)
    assert not mark.exists()
    path = tmp_path / "own.model"
    with warnings.catch_warnings(action="ignore"):  # torch.jit in e3nn
        torch.save(network, path)
    trusted = load_potential(path, dtype="float32", trust_model=True)
    assert np.isfinite(trusted.evaluate([SALT]).energies).all()


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="chgnet, mace-mp:small") as caught:
        load_potential("no-such-model")
    assert "no-such-model" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "float16"}, "dtype must be"),
        ({"device": "tpu"}, "device must be"),
    ],
)
def test_wrong_options_are_named(options: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_potential("chgnet", **options)


def test_card_of_a_later_version_keeps_what_it_says(weights: Path) -> None:
    """A card with entries that this version does not know is read and kept."""
    path = card_path(weights)
    values = json.loads(path.read_text())
    values.update(card_version=7, committee=["a", "b"])
    path.write_text(json.dumps(values))
    card = read_card(path)
    assert card.card_version == 7
    write_card(card, path)
    assert json.loads(path.read_text())["committee"] == ["a", "b"]
    assert load_potential(weights).name == "salt"


def test_listed_models_are_described() -> None:
    entries = {entry.name: entry for entry in available_models()}
    assert {"chgnet", "mace-mp:small", "mace-mp:medium", "mace-mp:large"} <= set(
        entries
    )
    assert sum(entry.default for entry in entries.values()) <= 1
    assert set(entries["mace-mp:small"].to_json()) >= {
        "name",
        "elements",
        "level_of_theory",
        "default",
    }
