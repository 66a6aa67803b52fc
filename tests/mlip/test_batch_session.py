"""Sessions of many structures answer as those of each alone, and spare each other."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from mlip.ase_potential import AsePotential
from mlip.batch_session import Geometry, SessionsInTurn
from mlip.dispersion_potential import DispersionPotential
from mlip.mace_import import import_mace
from mlip.mace_model import build_mace, describe_architecture
from mlip.training_config import ArchitectureConfig

ROUND_OFF = {"float64": 1e-13, "float32": 1e-5}


def random_mace(dtype: str):
    """MACE with random weights: any smooth energy will do."""
    import torch

    import_mace()
    from mlip.mace_potential import MacePotential  # noqa: PLC0415
    from mlip.weights import DTYPES, default_dtype  # noqa: PLC0415

    torch.manual_seed(0)
    with default_dtype(DTYPES[dtype]):
        network = build_mace(
            describe_architecture(
                ArchitectureConfig(channels=8, max_L=1, max_ell=2, r_max_A=4.5),
                reference_energies_eV={"Li": -1.0, "Cl": -2.0},
                average_neighbours=10.0,
                force_scale_eV_per_A=0.1,
            )
        )
    return MacePotential(network, name="random", level="PBE")


@pytest.fixture(scope="module", params=["float64", "float32"])
def mace(request):
    return random_mace(request.param), ROUND_OFF[request.param]


def structures() -> list[Atoms]:
    salt = bulk("LiCl", "rocksalt", a=5.1, cubic=True)
    slab = salt * (2, 1, 2)
    slab.pbc = (True, True, False)
    several = [salt.copy(), salt * 2, slab, bulk("Li", cubic=True) * 2]
    for seed, atoms in enumerate(several):
        atoms.rattle(0.1, seed=seed)
    return several


def geometry(atoms: Atoms) -> Geometry:
    return Geometry(positions=atoms.positions.copy(), cell=atoms.cell.array)


def walk(atoms: Atoms, n: int) -> list[Geometry]:
    """Geometries along a walk that is long enough for new neighbour lists."""
    rng = np.random.default_rng(3)
    moving = atoms.copy()
    found = []
    for _ in range(n):
        moving.positions += rng.normal(scale=0.08, size=moving.positions.shape)
        found.append(geometry(moving))
    return found


def alone(potential, atoms: Atoms, geometries: list[Geometry]) -> list[tuple]:
    session = potential.session(atoms)
    return [session.evaluate(g.positions, g.cell) for g in geometries]


def assert_close(ours, theirs, round_off: float) -> None:
    """Compare, relative to the largest force and stress of the structure."""
    np.testing.assert_allclose(ours[0], theirs[0], rtol=round_off)
    for a, b in zip(ours[1:], theirs[1:], strict=True):
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
        scale = max(np.nanmax(np.abs(b), initial=0.0), 1e-3)
        np.testing.assert_allclose(a, b, rtol=0, atol=10 * round_off * scale)


def test_one_call_gives_the_numbers_of_each_alone_within_round_off(mace):
    potential, round_off = mace
    members = structures()
    paths = [walk(atoms, 6) for atoms in members]
    batch = potential.batch_session(together=True)
    for number, atoms in enumerate(members):
        batch.place(number, atoms)
    together = [
        batch.evaluate(dict(enumerate(step))) for step in zip(*paths, strict=True)
    ]
    for number, atoms in enumerate(members):
        for answers, known in zip(
            together, alone(potential, atoms, paths[number]), strict=True
        ):
            assert_close(answers[number], known, round_off)


def test_in_turn_gives_the_very_bits(mace):
    potential, _ = mace
    members = structures()
    batch = potential.batch_session(together=False)
    assert isinstance(batch, SessionsInTurn)
    for number, atoms in enumerate(members):
        batch.place(number, atoms)
        path = walk(atoms, 6)
        for where, known in zip(path, alone(potential, atoms, path), strict=True):
            answer = batch.evaluate({number: where})[number]
            for ours, theirs in zip(answer, known, strict=True):
                np.testing.assert_array_equal(ours, theirs)


def test_any_selection_may_ask_and_members_come_and_go(mace):
    potential, round_off = mace
    members = structures()
    batch = potential.batch_session(together=True)
    for number, atoms in enumerate(members):
        batch.place(number, atoms)
    known = [alone(potential, atoms, [geometry(atoms)])[0] for atoms in members]
    for chosen in ((0, 1, 2, 3), (3, 1), (2,), (1, 2, 3)):
        answers = batch.evaluate({n: geometry(members[n]) for n in chosen})
        assert sorted(answers) == sorted(chosen)
        for number in chosen:
            assert_close(answers[number], known[number], round_off)
    batch.remove(1)
    batch.remove(1)
    batch.place(0, members[1])  # another structure under an old number
    answers = batch.evaluate({0: geometry(members[1]), 2: geometry(members[2])})
    assert_close(answers[0], known[1], round_off)
    assert_close(answers[2], known[2], round_off)


@pytest.mark.parametrize("broken", [0, 2])
@pytest.mark.parametrize("how", ["nan", "coincide", "far", "cell"])
def test_a_broken_member_reaches_no_other(mace, broken, how):
    potential, round_off = mace
    members = structures()
    asked = {number: geometry(atoms) for number, atoms in enumerate(members)}
    positions = asked[broken].positions
    if how == "nan":
        positions[0, 1] = np.nan
    elif how == "coincide":
        positions[1] = positions[0]
    elif how == "far":
        positions[0] = 1e4
    else:
        asked[broken] = Geometry(positions=positions, cell=np.full((3, 3), np.nan))
    batch = potential.batch_session(together=True)
    for number, atoms in enumerate(members):
        batch.place(number, atoms)
    with np.errstate(all="ignore"):
        answers = batch.evaluate(asked)
    lost = answers.pop(broken)
    if how != "far":  # an atom far away is only alone
        assert isinstance(lost, Exception) or not np.isfinite(lost[1]).all()
    for number, answer in answers.items():
        known = alone(potential, members[number], [asked[number]])[0]
        assert_close(answer, known, round_off)


def test_many_members_are_split_into_several_calls(mace, monkeypatch):
    from mlip import mace_potential  # noqa: PLC0415

    potential, round_off = mace
    monkeypatch.setattr(mace_potential, "PAIRS_PER_CALL", {"cpu": 200})
    members = structures()
    batch = potential.batch_session(together=True)
    for number, atoms in enumerate(members):
        batch.place(number, atoms)
    answers = batch.evaluate(dict(enumerate(map(geometry, members))))
    for number, atoms in enumerate(members):
        known = alone(potential, atoms, [geometry(atoms)])[0]
        assert_close(answers[number], known, round_off)


def test_dispersion_is_added_to_each_member():
    potential = DispersionPotential(random_mace("float64"))
    members = structures()[:3]
    batch = potential.batch_session(together=True)
    for number, atoms in enumerate(members):
        batch.place(number, atoms)
    answers = batch.evaluate(dict(enumerate(map(geometry, members))))
    bare = potential.base.evaluate(members).energies
    for number, atoms in enumerate(members):
        known = alone(potential, atoms, [geometry(atoms)])[0]
        assert_close(answers[number], known, 1e-12)
        assert answers[number][0] < bare[number] - 1e-3


def test_an_error_of_one_member_is_handed_back_not_raised():
    batch = SessionsInTurn(AsePotential(lambda: EMT()))  # noqa: PLW0108
    copper, lithium = bulk("Cu"), bulk("Li")  # EMT has no lithium
    batch.place(0, lithium)
    batch.place(1, copper)
    answers = batch.evaluate({0: geometry(lithium), 1: geometry(copper)})
    assert isinstance(answers[0], NotImplementedError)
    assert np.isfinite(answers[1][0])
