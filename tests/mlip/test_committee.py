"""A committee: means, spreads that a hand can check, and what it refuses."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from mlip import (
    AsePotential,
    CommitteePotential,
    DispersionPotential,
    build_committee,
    load_potential,
)
from mlip.committee import force_spreads
from mlip.registry import MODELS
from structures import build_prototype
from training_data import InputError

DEPTHS_EV = (0.008, 0.0104, 0.014)


def argon(depth_eV: float) -> AsePotential:
    return AsePotential(
        lambda: LennardJones(sigma=3.4, epsilon=depth_eV, rc=7.0, ro=5.5, smooth=True),
        name=f"lj-{depth_eV}",
    )


@pytest.fixture
def crystal() -> Atoms:
    atoms = bulk("Ar", a=5.3, cubic=True) * 2
    atoms.rattle(0.1, seed=3)
    return atoms


@pytest.fixture
def members() -> list[AsePotential]:
    return [argon(depth) for depth in DEPTHS_EV]


def test_mean_and_spread_are_those_of_the_members(crystal, members):
    told = CommitteePotential(members).evaluate([crystal])
    one = argon(1.0).evaluate([crystal])  # all are this one times their depth
    mean, spread = np.mean(DEPTHS_EV), np.std(DEPTHS_EV)
    assert told.energies[0] == pytest.approx(mean * one.energies[0], rel=1e-12)
    assert told.energy_spreads[0] == pytest.approx(
        spread * abs(one.energies[0]), rel=1e-9
    )
    np.testing.assert_allclose(
        told.forces[0], mean * one.forces[0], rtol=1e-9, atol=1e-15
    )
    np.testing.assert_allclose(
        told.stresses[0], mean * one.stresses[0], rtol=1e-9, atol=1e-17
    )
    np.testing.assert_allclose(
        told.force_spreads[0],
        spread * np.linalg.norm(one.forces[0], axis=1),
        rtol=1e-9,
        atol=1e-15,
    )


def test_one_potential_has_no_spread(crystal):
    told = argon(0.01).evaluate([crystal])
    assert told.energy_spreads is None
    assert told.force_spreads is None
    session = argon(0.01).session(crystal)
    assert session.disagreement(crystal.positions, crystal.cell.array) is None


@pytest.mark.parametrize("answer", ["mean", "first"])
def test_session_gives_the_numbers_of_a_batch(crystal, members, answer):
    committee = CommitteePotential(members, answer=answer)
    told = committee.evaluate([crystal])
    session = committee.session(crystal)
    place = crystal.positions, crystal.cell.array
    before = session.disagreement(*place)  # asked before any force is
    energy, forces, stress = session.evaluate(*place)
    assert energy == pytest.approx(told.energies[0], rel=1e-12)
    np.testing.assert_allclose(forces, told.forces[0], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(stress, told.stresses[0], rtol=1e-9, atol=1e-17)
    for spreads in (before, session.disagreement(*place)):
        np.testing.assert_allclose(
            spreads, told.force_spreads[0], rtol=1e-9, atol=1e-15
        )


def test_first_member_leads_and_the_others_are_asked_only_for_the_spread():
    calls = []

    class Counting(EMT):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

        def calculate(self, *given) -> None:
            calls.append(self.number)
            super().calculate(*given)

    copper = bulk("Cu", cubic=True)
    copper.rattle(0.05, seed=0)
    members = [AsePotential(lambda n=n: Counting(n), name=f"emt-{n}") for n in range(3)]
    session = CommitteePotential(members, answer="first").session(copper)
    place = copper.positions, copper.cell.array
    energy, _, _ = session.evaluate(*place)
    assert calls == [0]
    assert energy == members[0].evaluate([copper]).energies[0]
    calls.clear()
    spreads = session.disagreement(*place)
    assert calls == [1, 2]  # the first is remembered
    # three times the same potential: no disagreement beyond the rounding of a mean
    assert spreads.max() < 1e-14
    calls.clear()
    moved = copper.positions + 0.01
    session.disagreement(moved, copper.cell.array)
    assert calls == [0, 1, 2]
    calls.clear()
    session.evaluate(moved, copper.cell.array)
    assert calls in ([], [0])  # ASE may remember; the others are not asked


def test_spread_does_not_turn_with_the_structure():
    rng = np.random.default_rng(5)
    forces = rng.normal(size=(4, 6, 3))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    np.testing.assert_allclose(
        force_spreads(forces @ turn), force_spreads(forces), rtol=1e-12
    )
    shifted = forces + rng.normal(size=(6, 3))  # what all members share
    np.testing.assert_allclose(
        force_spreads(shifted), force_spreads(forces), rtol=1e-12
    )


def test_a_member_that_fails_is_named(members):
    broken = AsePotential(
        lambda: LennardJones(sigma=3.4, epsilon=float("nan")), name="broken"
    )
    fine, bad = bulk("Ar", cubic=True), bulk("Ar", cubic=True)
    told = CommitteePotential([*members, broken]).evaluate([fine, bad])
    assert [failure.id for failure in told.failures] == ["0", "1"]
    assert "broken" in told.failures[0].reason


def test_levels_are_not_mixed_and_one_is_no_committee(members):
    other = AsePotential(EMT, level="another")
    with pytest.raises(InputError, match="one level of theory"):
        CommitteePotential([*members, other])
    with pytest.raises(InputError, match="at least 2 members"):
        CommitteePotential(members[:1])
    lithium = AsePotential(EMT, species=["Li"])
    zirconium = AsePotential(EMT, species=["Zr"])
    with pytest.raises(InputError, match="elements in common"):
        CommitteePotential([lithium, zirconium])


def test_identity_changes_with_a_member_their_order_and_the_answer(members):
    told = {
        CommitteePotential(chosen, answer=answer).identity
        for chosen in (members, members[::-1], members[:2])
        for answer in ("mean", "first")
    }
    assert len(told) == 6


def another(folder) -> None:
    """Write the released network with one weight changed in its last bit."""
    weights, card = (f"li-zr-cl{end}" for end in (".safetensors", ".card.json"))
    folder.mkdir(exist_ok=True)
    number = len(list(folder.parent.iterdir()))
    content = bytearray((MODELS / weights).read_bytes())
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    name = next(name for name in header if "weight" in name)
    content[begin + header[name]["data_offsets"][0]] ^= number
    (folder / weights).write_bytes(content)
    told = json.loads((MODELS / card).read_text("utf-8"))
    told["weights_sha256"] = hashlib.sha256(content).hexdigest()
    (folder / card).write_text(json.dumps(told), "utf-8")


def test_a_model_twice_is_no_committee(tmp_path):
    for end in (".safetensors", ".card.json"):
        shutil.copy(MODELS / f"li-zr-cl{end}", tmp_path / f"li-zr-cl{end}")
    for name in ("committee:li-zr-cl,li-zr-cl", f"watched:li-zr-cl,{tmp_path}"):
        with pytest.raises(InputError, match="members must differ"):
            load_potential(name)


def test_committee_by_name_computes_the_dispersion_once(tmp_path):
    """Weights that differ in one bit: hardly a spread, same energy, one D3."""
    another(tmp_path / "b")
    released = load_potential("li-zr-cl")
    committee = load_potential(f"committee:li-zr-cl,{tmp_path / 'b'}")
    assert isinstance(committee, DispersionPotential)
    assert committee.n_members == 2
    assert committee.level == released.level
    assert not any(
        isinstance(member, DispersionPotential) for member in committee.base.members
    )
    atoms = build_prototype("LiCl")
    atoms.rattle(0.05, seed=1)
    told, alone = committee.evaluate([atoms]), released.evaluate([atoms])
    assert told.energies[0] == pytest.approx(alone.energies[0], rel=1e-6)
    np.testing.assert_allclose(told.forces[0], alone.forces[0], rtol=1e-5, atol=1e-5)
    assert told.force_spreads[0].max() < 1e-5
    session = committee.session(atoms)
    spreads = session.disagreement(atoms.positions, atoms.cell.array)
    assert spreads.shape == (len(atoms),)
    assert spreads.max() < 1e-5


def test_folder_of_models_is_a_committee(tmp_path):
    for name in ("a", "b", "c"):
        another(tmp_path / name)
    assert load_potential(f"watched:{tmp_path}").n_members == 3
    with pytest.raises(InputError, match="at least 2 members"):
        load_potential("committee:li-zr-cl")


def test_committee_of_plain_potentials_is_itself(members):
    assert isinstance(build_committee(members), CommitteePotential)
