"""Energies of doped cells and reference phases count at rest only."""

from collections.abc import Sequence

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from mlip import load_potential
from mlip.ase_potential import AsePotential
from mlip.evaluation import Evaluation
from structures.defect_energy import DefectEnergy, defect_energies
from structures.reference_oxides import build_reference_oxide
from structures.reference_phases import phase_energies
from training_data.errors import InputError


class Counting(AsePotential):
    """Copper and gold by EMT; remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(EMT())
        self.asked: list[list[Atoms]] = []

    def evaluate(self, structures: Sequence[Atoms]) -> Evaluation:
        self.asked.append([atoms.copy() for atoms in structures])
        return super().evaluate(structures)


def gold_in_copper() -> tuple[Atoms, list[Atoms]]:
    """Host, and three cells with one gold atom each, all off their minima."""
    host = bulk("Cu", cubic=True).repeat(2)
    cells = []
    for seed in range(3):
        cell = host.copy()
        cell.symbols[seed] = "Au"
        cell.rattle(0.05, rng=np.random.default_rng(seed))
        cells.append(cell)
    return host, cells


def test_host_is_relaxed_once_and_with_all_cells() -> None:
    host, cells = gold_in_copper()
    potential = Counting()
    found = defect_energies(
        cells, host, potential, dopant="Au", phases={"Cu": 0.0, "Au": 0.0}
    )
    assert len(potential.asked[0]) == 4
    asked = [atoms for batch in potential.asked for atoms in batch]
    assert sum("Au" not in atoms.get_chemical_symbols() for atoms in asked) == 1
    assert all(each.relaxed and each.converged for each in found)
    # the three cells are one crystal: equivalent sites, rattled differently. Forces
    # below f leave less than N f²/2k each, with k of copper above 1 eV/Å²
    energies = [each.energy_eV for each in found]
    assert np.ptp(energies) < 32 * 0.05**2 / 2
    by_hand = found[0].doped_energy_eV - found[0].host_energy_eV
    assert found[0].energy_eV == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("max_steps", [0, 1])
def test_cells_that_are_not_at_rest_allow_no_verdict(max_steps: int) -> None:
    host, cells = gold_in_copper()
    found = defect_energies(
        cells,
        host,
        Counting(),
        dopant="Au",
        phases={"Cu": 0.0, "Au": 0.0},
        max_steps=max_steps,
    )
    for each in found:
        assert isinstance(each, DefectEnergy)
        assert each.relaxed is bool(max_steps)
        assert each.converged is False
        with pytest.raises(InputError, match="at rest before the filter"):
            each.below()


def test_relaxation_is_the_default() -> None:
    host, cells = gold_in_copper()
    phases = {"Cu": 0.0, "Au": 0.0}
    (found,) = defect_energies(cells[:1], host, Counting(), dopant="Au", phases=phases)
    assert found.below(cutoff_eV=found.energy_per_dopant_eV + 0.1)


def test_reference_phase_that_is_not_at_rest_is_refused() -> None:
    copper = {"Cu": bulk("Cu", a=3.2)}
    with pytest.raises(InputError, match="Cu: not at rest after 1 steps"):
        phase_energies(copper, Counting(), max_steps=1)
    (energy,) = phase_energies(copper, Counting()).values()
    # EMT's copper is the zero of its energy
    assert abs(energy) < 0.01


def test_cells_of_one_batch_fail_alone():
    """One of two doped cells cannot be evaluated: the other one's energy stands."""
    potential = AsePotential(LennardJones(sigma=2.5, epsilon=0.1, rc=6.0))
    host = bulk("LiCl", "rocksalt", a=5.13, cubic=True)
    doped = host.copy()
    doped.symbols[doped.symbols.search("Li")[0]] = "Na"
    broken = doped.copy()
    broken.positions[0] = np.nan
    found = defect_energies(
        [doped, broken],
        host,
        potential,
        dopant="Na",
        phases={"NaCl": -1.0, "Li": -0.5},
        max_steps=0,
    )
    assert isinstance(found[0], DefectEnergy)
    assert found[1].id == "1"
    assert "not finite" in found[1].reason
    (energy,) = potential.evaluate([host]).energies
    by_hand = energy - energy - (-1.0) + energy / 4  # host + NaCl → doped + LiCl
    assert found[0].energy_eV == pytest.approx(by_hand, rel=1e-9)


def test_doped_cell_without_the_dopant_is_refused():
    potential = AsePotential(LennardJones())
    host = bulk("LiCl", "rocksalt", a=5.13)
    with pytest.raises(InputError, match="dopant Na"):
        defect_energies([host], host, potential, dopant="Na", phases={"Li": -1.0})


@pytest.fixture(scope="module")
def chgnet():
    return load_potential("chgnet")


def test_magnesia_and_lime_do_not_mix(chgnet):
    """Mg2+ in CaO costs 0.2–1 eV: the solubility of MgO in CaO is small."""
    phases = phase_energies(
        {"MgO": build_reference_oxide("Mg", 2), "Ca": bulk("Ca", "fcc", a=5.5)}, chgnet
    )
    lime = bulk("CaO", "rocksalt", a=4.81, cubic=True)
    doped = lime.copy()
    doped.symbols[0] = "Mg"
    (found,) = defect_energies(
        [doped], lime, chgnet, dopant="Mg", phases=phases, max_steps=30
    )
    assert found.reaction["MgO"] == 1
    assert found.reaction["CaO"] == -1
    assert found.reaction["Ca"] == 0
    assert 0.2 < found.energy_per_dopant_eV < 1.0
