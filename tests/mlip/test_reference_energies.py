"""Reference energies against compositions whose answer is known."""

import numpy as np
import pytest
from ase import Atoms

from mlip.reference_energies import fit_reference_energies, given_reference_energies
from training_data import InputError

TRUE = {"Li": -1.9, "Cl": -3.1, "Zr": -8.4}
FRAMES = [Atoms(f) for f in ("Li3", "LiCl", "ZrCl4", "Li2ZrCl6", "Zr2", "Li4Zr")]


def total(frames, energies):
    return np.array([sum(energies[s] for s in a.symbols) for a in frames])


def test_sum_of_elements_is_recovered_exactly():
    fit = fit_reference_energies(FRAMES, energies=total(FRAMES, TRUE))
    assert fit.rank == 3
    assert list(fit.energies_eV) == ["Li", "Cl", "Zr"]
    for symbol, energy in TRUE.items():
        assert fit.energies_eV[symbol] == pytest.approx(energy, rel=1e-12)
    assert abs(fit.group_offsets_meV_per_atom["all"]) < 1e-9


def test_every_frame_weighs_the_same_whatever_its_size():
    # per-atom energies -1, -2, -3 on one element: their mean, not the size-weighted
    frames = [Atoms("Li"), Atoms("Li10"), Atoms("Li100")]
    fit = fit_reference_energies(frames, energies=np.array([-1.0, -20.0, -300.0]))
    assert fit.energies_eV["Li"] == pytest.approx(-2.0, rel=1e-12)


def test_starting_model_is_shifted_by_what_its_energies_lack():
    start = {"Li": -2.0, "Cl": -4.0, "Zr": -9.0}
    network = np.random.default_rng(0).normal(size=len(FRAMES))
    fit = fit_reference_energies(
        FRAMES,
        energies=total(FRAMES, TRUE) + network,
        explained=total(FRAMES, start) + network,
        start=start,
    )
    for symbol, energy in TRUE.items():
        assert fit.energies_eV[symbol] == pytest.approx(energy, rel=1e-12)


def test_what_the_data_say_nothing_about_is_kept():
    start = {"Li": -2.0, "Cl": -4.0, "Zr": -9.0}
    frames = [Atoms("LiCl"), Atoms("Li2Cl2")]
    fit = fit_reference_energies(
        frames,
        energies=total(frames, start) + 0.2 * np.array([2, 4]),
        explained=total(frames, start),
        start=start,
    )
    assert fit.rank == 1
    assert fit.energies_eV["Zr"] == -9.0
    # the sum is known, the difference is not: both elements move alike
    assert fit.energies_eV["Li"] == pytest.approx(-1.8, rel=1e-12)
    assert fit.energies_eV["Cl"] == pytest.approx(-3.8, rel=1e-12)


def test_offsets_are_reported_per_group():
    energies = total(FRAMES, TRUE)
    given = given_reference_energies(
        {**TRUE, "Li": TRUE["Li"] - 0.1},
        FRAMES,
        energies=energies,
        groups=["metal", "salt", "salt", "salt", "metal", "metal"],
    )
    # Li fractions: metal 1, 0, 4/5; salt 1/2, 0, 2/9
    assert given.group_offsets_meV_per_atom["metal"] == pytest.approx(
        100 * (1 + 0 + 0.8) / 3, rel=1e-9
    )
    assert given.group_offsets_meV_per_atom["salt"] == pytest.approx(
        100 * (1 / 2 + 0 + 2 / 9) / 3, rel=1e-9
    )


def test_missing_and_unknown_elements_are_named():
    with pytest.raises(InputError, match="Zr"):
        given_reference_energies(
            {"Li": -1.0, "Cl": -2.0}, FRAMES, energies=np.zeros(len(FRAMES))
        )
    with pytest.raises(InputError, match="Zr"):
        fit_reference_energies(
            FRAMES, energies=np.zeros(6), start={"Li": -1.0, "Cl": -2.0}
        )
    with pytest.raises(InputError, match="frames"):
        fit_reference_energies([], energies=np.zeros(0))
