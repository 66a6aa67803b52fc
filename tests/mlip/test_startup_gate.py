"""The gate lets rounding through and nothing else."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from mlip import (
    AsePotential,
    GateReport,
    GateTolerances,
    check_against_reference,
    with_engine,
)
from mlip.mace_model import build_mace, describe_architecture
from mlip.mace_potential import MacePotential
from mlip.training_config import ArchitectureConfig
from mlip.weights import DTYPES, default_dtype
from training_data import InputError

MPA = 1e-3 / 160.21766208  # in eV/Å³


class FaultyEMT(EMT):
    """EMT as an accelerated kernel with an error would compute it."""

    def __init__(
        self, *, energy: float = 0.0, force: float = 0.0, stress: float = 0.0
    ) -> None:
        super().__init__()
        self.added = {"energy": energy, "forces": force, "stress": stress}

    def calculate(self, *arguments, **keywords) -> None:
        super().calculate(*arguments, **keywords)
        self.results["energy"] += self.added["energy"] * len(self.atoms)
        if "forces" in self.results:
            self.results["forces"][5, 1] += self.added["forces"]
        if "stress" in self.results:
            self.results["stress"][4] += self.added["stress"]


def copper() -> Atoms:
    atoms = bulk("Cu", cubic=True) * 2
    atoms.rattle(0.05, seed=0)
    return atoms


def compare(atoms: Atoms | None = None, **fault: float) -> GateReport:
    return check_against_reference(
        AsePotential(lambda: FaultyEMT(**fault), name="faulty"),
        atoms if atoms is not None else copper(),
        reference=AsePotential(EMT),
    )


def random_mace(
    dtype: str = "float64", *, shift: float = 0.0, scale: float = 1.0
) -> MacePotential:
    """Return a small network; `shift` moves the energies of single atoms, eV."""
    import torch

    torch.manual_seed(5)
    with default_dtype(torch.float64):
        model = build_mace(
            describe_architecture(
                ArchitectureConfig(channels=8, r_max_A=4.5, radial_layers=(16, 16)),
                reference_energies_eV={"Li": -1.9 + shift, "Cl": -1.8 + shift},
                average_neighbours=9.0,
                force_scale_eV_per_A=0.5,
            )
        )
    with torch.no_grad():
        model.interactions[0].linear_up.weight *= scale
    return MacePotential(model.to(DTYPES[dtype]), name="random", level="none")


def salt(n: int = 2) -> Atoms:
    atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=True) * (n, n, n)
    atoms.rattle(0.05, seed=1)
    return atoms


@pytest.mark.parametrize(
    ("fault", "limit"),
    [("energy", 1e-4), ("force", 2e-3), ("stress", 10 * MPA)],
)
def test_each_limit_is_where_it_is_said_to_be(fault: str, limit: float) -> None:
    """One quantity off by a tenth less than its tolerance passes, by more not."""
    assert compare(**{fault: 0.9 * limit}).passed
    report = compare(**{fault: 1.1 * limit})
    assert not report.passed
    with pytest.raises(InputError, match=r"faulty.*--engine plain"):
        report.require_passed()


def test_report_holds_the_numbers_and_the_atom() -> None:
    report = compare(energy=3e-4, force=-7e-3, stress=20 * MPA)
    np.testing.assert_allclose(report.energy_difference_meV_per_atom, 0.3, rtol=1e-6)
    np.testing.assert_allclose(report.force_difference_meV_per_A, 7.0, rtol=1e-6)
    np.testing.assert_allclose(report.stress_difference_MPa, 20.0, rtol=1e-5)
    assert report.worst_atom == 5
    assert report.n_structures == 3
    for text in ("0.3 meV/atom", "7 meV/Å on atom 5", "20 MPa"):
        assert text in report.summary


def test_number_that_is_none_never_passes() -> None:
    assert not compare(energy=np.nan).passed
    assert not compare(force=np.nan).passed
    assert not compare(stress=np.nan).passed


def test_missing_stress_of_a_slab_is_no_reason() -> None:
    slab = copper()
    slab.pbc = (True, True, False)
    report = compare(slab)
    assert report.passed
    assert report.to_json()["stress_difference_MPa"] is None


def test_limit_of_forces_grows_with_large_forces() -> None:
    close = copper()
    close.positions[0] += (0.9, 0.9, 0.0)
    report = compare(close)
    largest = np.abs(AsePotential(EMT).evaluate([close]).forces[0]).max()
    assert largest > 20.0
    assert report.force_limit_meV_per_A > 2.0
    np.testing.assert_allclose(report.force_limit_meV_per_A, 0.1 * largest, rtol=0.5)


def test_structure_that_cannot_be_evaluated_is_left_to_the_guards() -> None:
    salt_with_contact = salt()
    salt_with_contact.positions[1] = salt_with_contact.positions[0]
    potential = random_mace()
    report = check_against_reference(
        potential, salt_with_contact, reference=potential, n_rattled=0
    )
    assert report.passed
    assert report.n_structures == 0
    assert "Å apart" in report.note


def test_single_precision_of_a_sound_network_passes() -> None:
    report = check_against_reference(
        random_mace("float32"),
        salt(),
        reference=with_engine(random_mace(), engine="plain"),
    )
    assert report.passed
    assert 0 < report.energy_difference_meV_per_atom < 0.01
    assert 0 < report.force_difference_meV_per_A < 0.1


def test_single_precision_that_loses_the_energy_is_refused() -> None:
    """Energies of all-electron size, of which float32 keeps too few digits."""
    report = check_against_reference(
        random_mace("float32", shift=-4e4),
        salt(),
        reference=with_engine(random_mace(shift=-4e4), engine="plain"),
    )
    assert not report.passed
    assert report.energy_difference_meV_per_atom > 0.1
    assert report.force_difference_meV_per_A < 2.0


def test_weights_that_differ_a_little_are_refused() -> None:
    """What a wrong conversion of a network does."""
    report = check_against_reference(
        random_mace(scale=1.1), salt(), reference=random_mace()
    )
    assert not report.passed


def test_kept_list_of_pairs_is_part_of_what_is_checked() -> None:
    """The rattled copies come from one session; without them a stale list hides."""
    sessions = []

    class Watched(MacePotential):
        def session(self, atoms):
            sessions.append(super().session(atoms))
            return sessions[-1]

    base = random_mace()
    potential = Watched(base.model, name="watched", level="none")
    check_against_reference(potential, salt(), reference=base, rattle_A=0.02)
    (session,) = sessions
    assert session.n_lists == 1


def test_structure_and_tolerances_are_the_users() -> None:
    atoms = copper()
    before = atoms.positions.copy()
    strict = GateTolerances(energy_meV_per_atom=1e-9)
    report = check_against_reference(
        AsePotential(lambda: FaultyEMT(energy=1e-9)),
        atoms,
        reference=AsePotential(EMT),
        tolerances=strict,
        n_rattled=0,
    )
    assert not report.passed
    assert report.n_structures == 1
    np.testing.assert_array_equal(atoms.positions, before)
