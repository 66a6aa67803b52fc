"""A checkpoint in mace-torch's own format as the start of a training."""

import warnings

import numpy as np
import pytest
import torch  # noqa: TID253 (a checkpoint is a torch pickle)
from ase import Atoms

from mlip import load_potential
from mlip.foundation import load_foundation
from mlip.mace_import import import_mace
from mlip.model_card import read_card
from mlip.training import train
from mlip.training_config import TrainingConfig
from mlip.weights import default_dtype
from training_data import Dataset, InputError, LevelOfTheory, write_dataset


def build_checkpoint(path, **changes):
    """Write a small network of five elements as mace_run_train saves them."""
    modules = import_mace()
    from e3nn import o3  # noqa: PLC0415

    torch.manual_seed(3)
    numbers = [1, 3, 8, 17, 40]
    settings = {
        "r_max": 4.0,
        "num_bessel": 5,
        "num_polynomial_cutoff": 5,
        "max_ell": 2,
        "interaction_cls": modules.interaction_classes[
            "RealAgnosticResidualInteractionBlock"
        ],
        "interaction_cls_first": modules.interaction_classes[
            "RealAgnosticInteractionBlock"
        ],
        "num_interactions": 2,
        "num_elements": len(numbers),
        "hidden_irreps": o3.Irreps("4x0e+4x1o"),
        "MLP_irreps": o3.Irreps("4x0e"),
        "gate": torch.nn.functional.silu,
        "atomic_energies": np.array([[-1.0, -2.0, -3.0, -4.0, -5.0]]),
        "avg_num_neighbors": 12.0,
        "atomic_numbers": numbers,
        "correlation": 2,
        "radial_type": "bessel",
        "radial_MLP": [8, 8],
        "atomic_inter_scale": [1.3],
        "atomic_inter_shift": [0.1],
        "heads": ["Default"],
        **changes,
    }
    with default_dtype(torch.float64), warnings.catch_warnings(action="ignore"):
        model = modules.ScaleShiftMACE(**settings)
        torch.save(model, path)
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return build_checkpoint(tmp_path_factory.mktemp("foundation") / "small.model")


def salt(seed):
    atoms = Atoms("LiCl", [[0, 0, 0], [2.4, 0, 0]], pbc=True)
    atoms.set_cell(2.4 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]))
    atoms.rattle(0.1, seed=seed)
    return atoms


def test_training_begins_with_the_foundation_up_to_its_references(checkpoint, tmp_path):
    foundation = load_potential(checkpoint, trust_model=True)
    frames = []
    for seed in range(4):
        atoms = salt(seed)
        found = foundation.evaluate([atoms])
        atoms.info |= {
            "REF_energy": float(found.energies[0]) + 0.7,
            "group_id": f"g{seed}",
            "functional": "PBE",
        }
        atoms.arrays["REF_forces"] = found.forces[0]
        frames.append(atoms)
    data = tmp_path / "salt.extxyz"
    write_dataset(Dataset(tuple(frames), LevelOfTheory(functional="PBE")), data)
    config = TrainingConfig(
        dataset=str(data),
        level="PBE",
        foundation=str(checkpoint),
        trust_model=True,
        split={"fractions": [1.0, 0.0, 0.0]},
        epochs=1,
        learning_rate=1e-300,
        final_learning_rate=1e-300,
        dtype="float64",
        num_threads=1,
    )
    result = train(config, out=tmp_path / "run")
    card = read_card(result.card)
    assert card.elements == ("Li", "Cl")
    assert card.architecture["interaction_first"] == "RealAgnosticInteractionBlock"
    assert card.extra["started_from_sha256"]
    assert "foundation" in result.forgetting["not_judged"]
    trained = load_potential(result.model)
    before, after = (p.evaluate([salt(9)]) for p in (foundation, trained))
    assert after.energies[0] == pytest.approx(before.energies[0] + 0.7, rel=1e-9)
    np.testing.assert_allclose(
        after.forces[0], before.forces[0], atol=1e-9 * np.abs(before.forces[0]).max()
    )


def test_what_cannot_be_opened_is_refused(checkpoint):
    with pytest.raises(InputError, match="trust"):
        load_foundation(str(checkpoint))
    with pytest.raises(InputError, match="no-such"):
        load_foundation("no-such.model", trust_model=True)
    with pytest.raises(InputError, match="mace-mp:tiny"):
        load_foundation("mace-mp:tiny")
    with pytest.raises(ValueError, match="foundation"):
        TrainingConfig(
            dataset="d", level="PBE", foundation="mace-mp:small", start_from="run"
        )


def test_network_with_other_parts_is_refused(tmp_path):
    path = build_checkpoint(tmp_path / "agnesi.model", distance_transform="Agnesi")
    with pytest.raises(InputError, match="distance_transform"):
        load_foundation(str(path), trust_model=True)
