"""Defect energies of the doping stage: each structure once, verdicts at rest only."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.lj import LennardJones

from lithophile.doping_settings import DopedSettings
from lithophile.settings_file import read_settings
from lithophile.stages.doping_energies import DopantEnergies, dopant_energies
from lithophile.stages.doping_wanted import WantedDopant
from mlip.ase_potential import AsePotential
from structures.defect_energy import DefectEnergy
from structures.doping import build_doped
from structures.doping_host import prepare_host
from training_data import Failure, InputError

LITHIA = bulk("OLi2", "fluorite", a=4.61, cubic=True)
PHASES = [bulk("MgO", "rocksalt", a=4.2), bulk("BeO", "rocksalt", a=3.6)]


class Counting(AsePotential):
    """Lennard-Jones crystal; remembers what it was asked."""

    def __init__(self):
        super().__init__(LennardJones(sigma=1.8, epsilon=0.1, rc=5.0))
        self.asked = []

    def evaluate(self, structures):
        self.asked += [atoms.copy() for atoms in structures]
        return super().evaluate(structures)


def _energies(potential, *, references=PHASES, **options):
    wanted = [
        WantedDopant(element=e, oxidation_state=2, site="Li", source="given")
        for e in ("Mg", "Be")
    ]
    host = prepare_host(LITHIA)
    dopings = [
        build_doped(
            host,
            dopant=each.element,
            oxidation_state=2,
            site="Li",
            n_dopants=1,
            n_runs=1,
            n_sweeps=20,
            rng=np.random.default_rng(0),
        )
        for each in wanted
    ]
    settings = read_settings(
        DopedSettings, file=None, options={"every": True, "model": "any", **options}
    )
    found = dopant_energies(
        host,
        wanted=wanted,
        dopings=dopings,
        settings=settings,
        potential=potential,
        references=references,
        progress=lambda *_: None,
    )
    return found, dopings


def _asked(potential, atoms):
    """How often a structure was asked for as it is."""
    return sum(
        len(a) == len(atoms)
        and (a.numbers == atoms.numbers).all()
        and np.array_equal(a.positions, atoms.positions)
        for a in potential.asked
    )


def test_each_structure_is_relaxed_once_for_all_dopants():
    potential = Counting()
    found, dopings = _energies(potential)
    assert _asked(potential, LITHIA) == 1
    for doping, energies in zip(dopings, found, strict=True):
        assert isinstance(energies, DopantEnergies)
        assert len(energies.defects) == len(doping.cells)
        assert all(_asked(potential, cell.atoms) == 1 for cell in doping.cells)
        assert energies.lowest.relaxed


def test_phase_that_fails_ends_its_dopant_alone():
    broken = PHASES[1].copy()
    broken.positions[0] = np.nan
    found, _ = _energies(Counting(), references=[PHASES[0], broken])
    assert isinstance(found[0], DopantEnergies)
    assert isinstance(found[1], Failure)
    assert "BeO" in found[1].reason


def test_cells_as_they_are_get_no_verdict():
    found, _ = _energies(Counting(), max_steps=0)
    for energies in found:
        assert energies.lowest.relaxed is energies.lowest.converged is False
        assert energies.passes(2.0) is None


def _defect(energy_eV, *, converged=True):
    return DefectEnergy(
        energy_eV=energy_eV,
        energy_per_dopant_eV=energy_eV,
        doped_energy_eV=0,
        host_energy_eV=0,
        exchanged={},
        reaction={},
        chemical_potentials_eV={},
        phases={},
        relaxed=True,
        converged=converged,
    )


@pytest.mark.parametrize(
    ("defects", "lowest_eV", "passes"),
    [
        ([_defect(3.0), _defect(1.0)], 1.0, True),
        ([_defect(3.0), _defect(2.5)], 2.5, False),
        ([_defect(3.0), _defect(1.0, converged=False)], 3.0, None),
        ([_defect(1.5), _defect(1.0, converged=False)], 1.5, True),
        ([_defect(1.0, converged=False)], 1.0, None),
        ([Failure("0", "burst"), _defect(3.0)], 3.0, None),
    ],
)
def test_one_cell_at_rest_passes_and_all_must_rest_to_fail(defects, lowest_eV, passes):
    energies = DopantEnergies(cells=(), defects=tuple(defects))
    assert energies.lowest.energy_eV == lowest_eV
    assert energies.passes(2.0) is passes


def test_host_without_an_energy_is_refused():
    class Failing(Counting):
        """Knows no pure lithia of the size of the cell."""

        def evaluate(self, structures):
            sick = [atoms.copy() for atoms in structures]
            for atoms in sick:
                if len(atoms) == len(LITHIA) and set(atoms.symbols) == {"Li", "O"}:
                    atoms.positions[0] = np.nan
            return super().evaluate(sick)

    with pytest.raises(InputError, match="host must have an energy"):
        _energies(Failing())


def test_overlapping_host_is_refused_as_in_a_file():
    """0.9 Å is above 0.5 Å but below 0.6 times the radii of Li and O, 1.16 Å."""
    close = Atoms("LiO", positions=[(0, 0, 0), (0, 0, 0.9)], cell=[4, 4, 4], pbc=True)
    with pytest.raises(InputError, match=r"host must have no overlapping .* 0\.900 Å"):
        prepare_host(close)
