"""Elements that a network did not know: rows copied, the others undisturbed."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from mlip.mace_model import build_mace, describe_architecture
from mlip.mace_potential import MacePotential
from mlip.model_card import read_card
from mlip.new_elements import choose_origins, with_elements
from mlip.reference_energies import fit_reference_energies
from mlip.registry import MODELS, load_potential
from mlip.training import train
from mlip.training_config import ArchitectureConfig, TrainingConfig
from mlip.weights import build_model, default_dtype
from training_data import Dataset, InputError, LevelOfTheory, write_dataset

REFERENCES = {"Li": -1.9, "Cl": -1.8, "Zr": -8.5}


def network(**settings):
    import torch

    config = ArchitectureConfig(
        channels=4, max_L=1, max_ell=1, r_max_A=4.0, radial_layers=(8,)
    ).model_copy(update=settings)
    torch.manual_seed(1)
    with default_dtype(torch.float64):
        description = describe_architecture(
            config,
            reference_energies_eV=REFERENCES,
            average_neighbours=9.0,
            force_scale_eV_per_A=1.3,
        )
        return description, build_mace(description).state_dict()


def potential(architecture, tensors):
    model = build_model(architecture, tensors)
    return MacePotential(model, name="random", level="none")


def crystal(symbol="Zr"):
    atoms = bulk("NaCl", "rocksalt", a=5.1, cubic=True)
    atoms.symbols[:] = ["Li", "Cl"] * 4
    atoms.symbols[0] = symbol
    atoms.rattle(0.1, seed=2)
    return atoms


@pytest.mark.parametrize(
    ("correlation", "n_interactions", "pair_repulsion"),
    [(1, 3, False), (3, 2, True)],
)
def test_known_elements_keep_their_energies_and_forces(
    correlation, n_interactions, pair_repulsion
):
    """Any slip in rows or normalisation moves them; 3 layers: several paths each."""
    architecture, tensors = network(
        correlation=correlation,
        n_interactions=n_interactions,
        pair_repulsion=pair_repulsion,
    )
    symbols = ["Li", "O", "Cl", "Zr", "La", "Hf"]
    origins = {"O": "Cl", "La": "Zr", "Hf": "Zr"}
    wider = with_elements(architecture, tensors, symbols=symbols, origins=origins)
    before = potential(architecture, tensors).evaluate([crystal()])
    after = potential(*wider).evaluate([crystal()])
    assert wider[0]["atomic_numbers"] == [3, 8, 17, 40, 57, 72]
    assert after.energies[0] == pytest.approx(before.energies[0], rel=1e-13)
    np.testing.assert_allclose(
        after.forces[0], before.forces[0], atol=1e-11 * np.abs(before.forces[0]).max()
    )


def test_new_element_begins_as_its_origin():
    architecture, tensors = network(pair_repulsion=False)
    wider = potential(
        *with_elements(
            architecture,
            tensors,
            symbols=["Li", "Cl", "Zr", "Hf"],
            origins={"Hf": "Zr"},
        )
    )
    zirconium, hafnium = wider.evaluate([crystal("Zr"), crystal("Hf")]).energies
    assert hafnium == pytest.approx(zirconium, rel=1e-13)
    lithium = wider.evaluate([crystal("Li")]).energies[0]
    assert abs(lithium - zirconium) > 0.1


def test_elements_can_be_left_out_again():
    architecture, tensors = network()
    wider = with_elements(
        architecture,
        tensors,
        symbols=["Li", "Cl", "Zr", "Hf"],
        origins={"Hf": "Zr"},
    )
    again, found = with_elements(*wider, symbols=["Li", "Cl", "Zr"], origins={})
    assert again == architecture
    for name, value in tensors.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-13, err_msg=name)


def test_nearest_element_and_what_is_refused():
    known = ["Li", "Cl", "Zr"]
    assert choose_origins(known, known=known) == {}
    assert choose_origins(["Na", "S", "Ti"], known=known) == {
        "Na": "Li",
        "S": "Cl",
        "Ti": "Zr",
    }
    assert choose_origins(["S"], known=known, given={"S": "Li"}) == {"S": "Li"}
    for wrong in ({"Hf": "Ti"}, {"Zr": "Li"}, {"La": "Zr"}):
        with pytest.raises(InputError, match="new_elements"):
            choose_origins(["Li", "Hf"], known=known, given=wrong)


def test_new_reference_changes_before_the_known_ones():
    """HfCl4 alone says nothing about Cl: its reference energy stays."""
    fit = fit_reference_energies(
        [Atoms("HfCl4")],
        energies=np.array([-30.0]),
        explained=np.array([-25.0]),
        start={"Li": -2.0, "Cl": -4.0, "Hf": -9.0},
        new=["Hf"],
    )
    assert fit.energies_eV == pytest.approx({"Li": -2.0, "Cl": -4.0, "Hf": -14.0})


def test_released_model_learns_hafnium(tmp_path):
    """From the released Li-Zr-Cl network, on five frames, without a step."""
    released = load_potential()
    frames = []
    for index in range(5):
        atoms = crystal("Hf")
        atoms.rattle(0.05, seed=index)
        twin = atoms.copy()
        twin.symbols[0] = "Zr"
        found = released.evaluate([twin])
        atoms.info |= {
            "REF_energy": float(found.energies[0]) - 1.25,
            "REF_stress": found.stresses[0],
            "config_type": "hafnium",
            "parent": f"p{index}",
            "group_id": f"p{index}",
            "functional": "PBE",
            "D3_energy": 0.0,
            "D3_stress": np.zeros(6),
            "code": "twin",
        }
        atoms.arrays["REF_forces"] = found.forces[0]
        atoms.arrays["D3_forces"] = np.zeros((len(atoms), 3))
        frames.append(atoms)
    level = LevelOfTheory(functional="PBE", code="twin")
    data = tmp_path / "hafnium.extxyz"
    write_dataset(Dataset(frames=tuple(frames), level=level), data)
    result = train(
        TrainingConfig(
            dataset=str(data),
            level="PBE-D3(BJ)",
            start_from=MODELS / "li-zr-cl.safetensors",
            split={"fractions": [1.0, 0.0, 0.0]},
            old_data=(),
            epochs=1,
            learning_rate=1e-15,
            final_learning_rate=1e-15,
            num_threads=1,
        ),
        out=tmp_path / "run",
    )
    card = read_card(result.card)
    assert card.extra["new_elements"] == {"Hf": "Zr"}
    assert card.elements == ("Li", "Cl", "Zr", "Hf")
    old = read_card(MODELS / "li-zr-cl.card.json").reference_energies_eV
    for symbol in ("Li", "Cl", "Zr"):
        assert card.reference_energies_eV[symbol] == pytest.approx(
            old[symbol], abs=1e-3
        )
    new = load_potential(result.model)
    np.testing.assert_allclose(
        new.evaluate([crystal("Zr")]).forces[0],
        released.evaluate([crystal("Zr")]).forces[0],
        atol=1e-4,
    )


def test_new_elements_need_an_earlier_model():
    with pytest.raises(ValueError, match="start_from"):
        TrainingConfig(dataset="d", level="PBE", new_elements={"Hf": "Zr"})
