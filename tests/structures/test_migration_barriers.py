"""Barriers of hops from crystal to percolation, on potentials that cost nothing."""

import json

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from mlip.ase_potential import AsePotential
from structures.migration_barriers import migration_barriers
from training_data.errors import InputError


class Washboard(Calculator):
    """Ions that do not feel each other in a potential that is periodic in space.

    E = Σ ½ Σ_k h_k (1 − cos 2π x_k / a_k): minima on the corners of cells a_k, saddles
    of height h_k in the middle of their edges.
    """

    implemented_properties = ("energy", "forces", "stress")
    heights = np.array([0.2, 0.35, 0.5])
    lengths = np.array([4.0, 4.1, 4.2])

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        phase = 2 * np.pi * atoms.positions / self.lengths
        forces = -np.pi / self.lengths * self.heights * np.sin(phase)
        energy = 0.5 * (self.heights * (1 - np.cos(phase))).sum()
        self.results = {"energy": energy, "forces": forces, "stress": np.zeros(6)}


def test_known_barriers_along_three_axes():
    found = migration_barriers(
        Atoms("Li", cell=Washboard.lengths, pbc=True),
        AsePotential(Washboard()),
        cutoff_A=4.3,
        relax_cell=False,
        n_images=2,
        fmax_eV_per_A=1e-3,
        smallest_height_A=8.0,
    )
    lengths = [hop.hop.distance_A for hop in found.hops]
    np.testing.assert_allclose(lengths, Washboard.lengths, rtol=1e-9)
    barriers = [hop.barrier_eV for hop in found.hops]
    np.testing.assert_allclose(barriers, Washboard.heights, rtol=1e-4)
    along = list(found.percolation.barriers_eV.values())
    np.testing.assert_allclose(along, Washboard.heights, rtol=1e-4)
    assert found.percolation.bottlenecks == {"a": 0, "b": 1, "c": 2}


def test_vacancy_in_aluminium():
    """One hop; the way through the crystal is as high in every direction."""
    found = migration_barriers(
        bulk("Al", a=4.05),
        AsePotential(EMT()),
        species="Al",
        smallest_height_A=6.5,
        n_images=3,
    )
    (hop,) = found.hops
    assert found.repeats == (3, 3, 3)
    assert found.n_atoms == 26
    assert hop.path is not None
    assert hop.path.converged
    assert 0.2 < hop.barrier_eV < 0.7
    for barrier in found.percolation.barriers_eV.values():
        assert barrier == pytest.approx(hop.barrier_eV, rel=0.02)
    assert set(found.percolation.bottlenecks.values()) == {0}
    assert found.site_energy_spread_eV < 1e-3
    json.dumps(found.to_json())
    assert found.plot().get_ylabel() == "Energy (eV)"


def test_interstitial_in_a_soft_crystal():
    """An argon atom more between the places of an expanded fcc crystal."""
    atoms = bulk("Ar", a=5.3)
    potential = AsePotential(LennardJones(sigma=3.4, epsilon=0.0104, rc=8.0))
    found = migration_barriers(
        atoms,
        potential,
        species="Ar",
        mechanism="interstitial",
        smallest_height_A=8.0,
        smallest_void_A=2.4,
        n_images=1,
        max_steps=3,
    )
    assert {name[:4] for name in found.site_names} == {"void"}
    for hop in found.hops:  # three steps do not end a band: each says why
        assert hop.barrier_eV is None or hop.path.converged
        assert (hop.barrier_eV is None) == (hop.failure is not None)
    assert found.to_json()["n_failures"] == sum(
        hop.failure is not None for hop in found.hops
    )


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"species": "Li"}, "must be one of Al"),
        ({"species": "Al", "mechanism": "exchange"}, "vacancy or interstitial"),
        ({"species": "Al", "smallest_height_A": 0.0}, "positive"),
    ],
)
def test_what_cannot_be_is_refused(options, word):
    with pytest.raises(InputError, match=word):
        migration_barriers(bulk("Al"), AsePotential(EMT()), **options)
