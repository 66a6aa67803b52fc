"""Engines: the same function, and an honest word when one is missing."""

import importlib.util

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from mlip import (
    AsePotential,
    CommitteePotential,
    DispersionPotential,
    check_against_reference,
    engine_report,
    load_potential,
    with_engine,
)
from mlip.mace_kernel import MaceKernel
from mlip.mace_plain import PlainMace
from training_data import InputError


@pytest.fixture(scope="module")
def potential():
    return load_potential("li-zr-cl")


def salt() -> Atoms:
    atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=True)
    atoms.rattle(0.05, seed=1)
    return atoms


def test_plain_and_fast_are_one_function(potential) -> None:
    """The network inside the dispersion correction is reached."""
    plain, fast = (with_engine(potential, engine=name) for name in ("plain", "fast"))
    assert isinstance(plain.base.function, PlainMace)
    assert isinstance(fast.base.function, MaceKernel)
    np.testing.assert_allclose(
        plain.evaluate([salt()]).forces[0],
        fast.evaluate([salt()]).forces[0],
        rtol=0,
        atol=1e-10,
    )
    assert isinstance(potential.base.function, MaceKernel)


def test_identity_tells_engines_apart_but_not_from_the_default(potential) -> None:
    """A run is resumed exactly only by the engine that began it."""
    assert with_engine(potential, engine="auto").identity == potential.identity
    assert with_engine(potential, engine="fast").identity == potential.identity
    assert with_engine(potential, engine="plain").identity != potential.identity
    assert with_engine(potential, engine="plain").name == potential.name


@pytest.mark.parametrize("engine", ["cueq", "fastmace"])
def test_missing_engine_falls_back_and_says_so(potential, engine) -> None:
    found = with_engine(potential, engine=engine)
    report = engine_report(found)
    assert (report.asked, report.used) == (engine, "fast")
    assert "NVIDIA" in report.message
    assert "'fast' instead" in report.message
    assert found.identity == potential.identity
    np.testing.assert_array_equal(
        found.evaluate([salt()]).forces[0], potential.evaluate([salt()]).forces[0]
    )


def test_committee_and_dispersion_are_reached(potential) -> None:
    base = potential.base
    committee = CommitteePotential(
        [base, with_engine(base, engine="plain")], answer="first"
    )
    plain = with_engine(committee, engine="plain")
    assert [type(m.function) for m in plain.members] == [PlainMace, PlainMace]
    assert plain.answer == "first"
    assert engine_report(plain).used == "plain"
    corrected = with_engine(DispersionPotential(base), engine="plain")
    assert (corrected.name, engine_report(corrected).used) == ("li-zr-cl+d3", "plain")


def test_potential_with_one_way_to_compute_is_left_alone() -> None:
    copper = AsePotential(EMT)
    assert with_engine(copper, engine="cueq") is copper
    assert engine_report(copper).used == "own"


def test_unknown_engine_is_refused(potential) -> None:
    with pytest.raises(InputError, match="auto, plain, fast, cueq, fastmace"):
        with_engine(potential, engine="warp")


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("engine", "module"),
    [
        ("fast", "torch"),
        ("cueq", "cuequivariance_ops_torch"),
        ("fastmace", "fastmace"),
    ],
)
def test_engine_on_a_gpu_passes_the_gate(engine, module) -> None:
    import torch

    if not torch.cuda.is_available() or importlib.util.find_spec(module) is None:
        pytest.skip(f"needs CUDA and {module}")
    found = with_engine(
        load_potential("li-zr-cl", dtype="float32", device="cuda"), engine=engine
    )
    assert engine_report(found).used == engine
    reference = with_engine(load_potential("li-zr-cl"), engine="plain")
    check_against_reference(
        found, salt() * (3, 3, 3), reference=reference
    ).require_passed()
