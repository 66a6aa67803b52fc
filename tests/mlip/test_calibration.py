"""Calibration of a committee's spread on errors with a known answer."""

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from mlip import AsePotential, CommitteePotential, calibrate, forgetting_report
from mlip.calibration import fit_spread, reliability
from training_data import Dataset, InputError, LevelOfTheory


def test_scale_and_floor_are_found_again():
    rng = np.random.default_rng(1)
    spreads = rng.lognormal(-3, 1, size=20_000)
    errors = rng.normal(size=20_000) * np.hypot(0.02, 2.5 * spreads)
    fit = fit_spread(errors, spreads)
    assert fit.scale == pytest.approx(2.5, rel=0.05)
    assert fit.floor == pytest.approx(0.02, rel=0.1)
    told = reliability(errors, fit.uncertainty(spreads))
    assert told.within_one_sigma == pytest.approx(0.683, abs=0.01)
    assert told.within_two_sigma == pytest.approx(0.954, abs=0.01)
    np.testing.assert_allclose(told.observed, told.predicted, rtol=0.1)


def test_units_do_not_matter():
    rng = np.random.default_rng(2)
    spreads = rng.uniform(1, 2, size=3000)
    errors = 1.7 * spreads * rng.normal(size=3000)
    small, large = fit_spread(1e-3 * errors, spreads), fit_spread(errors, spreads)
    assert 1e3 * small.scale == pytest.approx(large.scale, rel=1e-3)


def test_overconfident_spread_shows_before_and_not_after():
    rng = np.random.default_rng(3)
    spreads = rng.uniform(0.5, 1.5, size=5000)
    errors = 4 * spreads * rng.normal(size=5000)
    before = reliability(errors, spreads)
    assert before.within_two_sigma < 0.45
    assert np.min(np.divide(before.observed, before.predicted)) > 3


def copper(n_frames=12):
    """Copper whose labels are those of EMT with forces and energies times 1.1."""
    frames = []
    for seed in range(n_frames):
        atoms = bulk("Cu", cubic=True)
        atoms.rattle(0.02 + 0.02 * seed, seed=seed)
        atoms.calc = EMT()
        label = atoms.copy()
        label.info |= {
            "REF_energy": 1.1 * atoms.get_potential_energy(),
            "config_type": "hot" if seed % 2 else "cold",
            "group_id": f"g{seed}",
            "functional": "EMT",
        }
        label.arrays["REF_forces"] = 1.1 * atoms.get_forces()
        frames.append(label)
    return Dataset(tuple(frames), LevelOfTheory(functional="EMT", code="ase"))


class Scaled(EMT):
    """EMT times a factor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def calculate(self, *given):
        super().calculate(*given)
        for name in ("energy", "free_energy", "forces", "stress"):
            if name in self.results:
                self.results[name] = self.factor * self.results[name]


def scaled(factor):
    return AsePotential(lambda: Scaled(factor), name=f"x{factor}", level="EMT")


def test_committee_that_agrees_on_a_common_error_is_corrected():
    """Members 0.95, 1.0, 1.05 of EMT: spread 4 %, common error 10 %."""
    committee = CommitteePotential([scaled(f) for f in (0.95, 1.0, 1.05)])
    data = copper()
    found = calibrate(committee, data, judged=data.select([0, 3, 6, 9, 11]))
    force = found.spreads["force_eV_per_A"]
    assert force.scale > 2
    assert found.judged["force_eV_per_A"].within_two_sigma > 0.85
    assert found.reliability_before["force_eV_per_A"].within_two_sigma < 0.8
    assert found.fitted_on == tuple(sorted(f"g{k}" for k in range(12)))
    answer = committee.evaluate(list(data))
    told = found.force_uncertainties_eV_per_A(answer)
    assert [len(one) for one in told] == [4] * 12
    energies = found.energy_uncertainties_eV_per_atom(answer, n_atoms=np.full(12, 4))
    assert (energies > 0).all()
    assert set(found.to_json()) >= {"spreads", "reliability", "judged"}


def test_single_potential_and_few_frames_are_refused():
    data = copper()
    with pytest.raises(InputError, match="committee"):
        calibrate(scaled(1.0), data)
    pair = CommitteePotential([scaled(1.0), scaled(1.1)])
    with pytest.raises(InputError, match="at least 5"):
        calibrate(pair, data.select([0, 1]))


def test_plot_has_units_on_its_axes(tmp_path):
    pair = CommitteePotential([scaled(1.0), scaled(1.1)])
    ax = calibrate(pair, copper()).plot()
    assert ax.get_xlabel() == "predicted force error (meV/Å)"
    ax.figure.savefig(tmp_path / "reliability.png")


def test_forgetting_compares_both_potentials_group_by_group():
    data = copper()
    report = forgetting_report(scaled(1.1), scaled(1.0), data)
    rms = {
        kind: 1e3 * np.sqrt(np.mean(np.concatenate(part.forces) ** 2))
        for kind, part in (
            ("hot", data.select([k % 2 == 1 for k in range(12)])),
            ("cold", data.select([k % 2 == 0 for k in range(12)])),
        )
    }
    for kind, size in rms.items():
        before, after = report.groups[kind].force_rmse_meV_per_A
        assert before < 1e-9 * size
        assert after == pytest.approx(size / 11, rel=1e-9)
    assert report.groups["all"].n_frames == 12
    assert not report.energy_offset_removed
    assert report.to_json()["groups"]["hot"]["n_frames"] == 6
    with pytest.raises(InputError, match="old_data"):
        forgetting_report(scaled(1.0), scaled(1.1), data.select([]))
