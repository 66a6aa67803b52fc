"""The rearranged network is mace-torch's function, for every kind of network."""

import numpy as np
import pytest
from ase import Atoms

from mlip.mace_kernel import MaceKernel
from mlip.mace_model import build_mace, describe_architecture
from mlip.mace_plain import PlainMace
from mlip.mace_potential import MacePotential
from mlip.training_config import ArchitectureConfig
from mlip.weights import DTYPES, default_dtype


def build_pair(first_block: str, dtype: str, **settings: object) -> list[MacePotential]:
    import torch

    config = ArchitectureConfig(
        **{"channels": 6, "r_max_A": 4.0, "radial_layers": (8, 8), **settings}
    )
    architecture = describe_architecture(
        config,
        reference_energies_eV={"Li": -1.9, "Cl": -1.8, "Zr": -8.5},
        average_neighbours=9.0,
        force_scale_eV_per_A=1.7,
    )
    architecture["interaction_first"] = first_block
    torch.manual_seed(1)
    with default_dtype(DTYPES[dtype]):
        model = build_mace(architecture)
    return [
        MacePotential(model, name="m", level="none", rearranged=rearranged)
        for rearranged in (True, False)
    ]


def structures() -> list[Atoms]:
    """Return a crystal, a slab, a molecule, a lone atom, and one element alone."""
    rng = np.random.default_rng(0)
    cell = [[5.1, 0.0, 0.0], [1.4, 4.8, 0.0], [-0.7, 0.6, 5.3]]
    crystal = Atoms(
        "Li2ZrCl4", scaled_positions=rng.uniform(size=(7, 3)), cell=cell, pbc=True
    )
    slab = crystal.copy()
    slab.pbc = (True, True, False)
    molecule = Atoms("LiCl", positions=[[0, 0, 0], [0.2, 0.1, 2.0]])
    lone = Atoms("Zr", positions=[[1.0, 2.0, 3.0]])
    chlorine = Atoms("Cl3", positions=rng.uniform(0, 3, size=(3, 3)))
    return [crystal, slab, molecule, lone, chlorine]


@pytest.mark.parametrize(
    ("first_block", "settings"),
    [
        ("RealAgnosticInteractionBlock", {"correlation": 2}),
        ("RealAgnosticResidualInteractionBlock", {"correlation": 3, "max_ell": 2}),
        ("RealAgnosticResidualInteractionBlock", {"max_L": 0, "n_interactions": 1}),
        ("RealAgnosticResidualInteractionBlock", {"max_L": 2, "n_interactions": 3}),
        ("RealAgnosticInteractionBlock", {"correlation": 1, "pair_repulsion": False}),
    ],
)
def test_rearranged_network_is_the_same_function(
    first_block: str, settings: dict[str, object]
) -> None:
    rearranged, plain = build_pair(first_block, "float64", **settings)
    assert isinstance(rearranged.function, MaceKernel)
    assert isinstance(plain.function, PlainMace)
    ours = rearranged.evaluate(structures())
    theirs = plain.evaluate(structures())
    np.testing.assert_allclose(ours.energies, theirs.energies, rtol=1e-12, atol=0)
    for mine, other in zip(ours.forces, theirs.forces, strict=True):
        scale = max(np.abs(other).max(), 1e-6)
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-11 * scale)
    scale = np.nanmax(np.abs(theirs.stresses))
    np.testing.assert_allclose(
        ours.stresses, theirs.stresses, rtol=0, atol=1e-11 * scale
    )


def test_network_with_other_blocks_keeps_its_own_code() -> None:
    """A part that is not covered must never be left out silently."""
    potential, _ = build_pair("RealAgnosticDensityResidualInteractionBlock", "float64")
    assert isinstance(potential.function, PlainMace)
    assert np.isfinite(potential.evaluate(structures()).energies).all()


def test_single_precision_is_close_to_double() -> None:
    single, _ = build_pair("RealAgnosticInteractionBlock", "float32")
    double, _ = build_pair("RealAgnosticInteractionBlock", "float64")
    double.model.load_state_dict(single.model.state_dict())
    double = MacePotential(double.model, name="m", level="none")
    ours, exact = single.evaluate(structures()), double.evaluate(structures())
    np.testing.assert_allclose(ours.energies, exact.energies, rtol=1e-5, atol=0)
    scale = np.abs(exact.forces[0]).max()
    np.testing.assert_allclose(
        ours.forces[0], exact.forces[0], rtol=0, atol=2e-5 * scale
    )


def test_a_batch_larger_than_the_limit_is_divided() -> None:
    """More pairs than one batch holds: order and numbers must survive."""
    potential, _ = build_pair("RealAgnosticInteractionBlock", "float64")
    crystal = structures()[0]
    many = [crystal.repeat((3, 3, 2)), *([crystal] * 30), crystal.repeat((4, 3, 2))]
    found = potential.evaluate(many)
    per_atom = found.energies / [len(a) for a in many]
    np.testing.assert_allclose(per_atom, per_atom[1], rtol=1e-12, atol=0)


def test_atom_without_neighbours_has_its_own_energy_alone() -> None:
    """No pair in the whole batch: empty tables must not end the evaluation."""
    rearranged, plain = build_pair("RealAgnosticInteractionBlock", "float64")
    lone = structures()[3]
    ours, theirs = rearranged.evaluate([lone]), plain.evaluate([lone])
    assert not ours.failures
    np.testing.assert_allclose(ours.energies, theirs.energies, rtol=1e-12, atol=0)
    np.testing.assert_array_equal(ours.forces[0], np.zeros((1, 3)))
    session = rearranged.session(lone)
    energy, forces, _ = session.evaluate(lone.positions, lone.cell.array)
    np.testing.assert_allclose(energy, theirs.energies[0], rtol=1e-12, atol=0)
    np.testing.assert_array_equal(forces, np.zeros((1, 3)))
