"""Systems whose motion is known on paper, and runs of them."""

from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.lj import LennardJones

from mlip.ase_potential import AsePotential
from mlip.potential import Potential, Session

Law = Callable[[np.ndarray], tuple[float, np.ndarray]]


class LawPotential(Potential):
    """Potential written as a function of the positions: energy and forces."""

    def __init__(self, law: Law, name: str = "law") -> None:
        self.name, self.species, self.level = name, None, "exact"
        self.law = law
        self.n_calls = 0

    def _predict(self, structures):
        raise NotImplementedError

    def session(self, atoms: Atoms) -> Session:  # noqa: ARG002
        return LawSession(self)


class LawSession(Session):
    def __init__(self, potential: LawPotential) -> None:
        self.potential = potential

    def evaluate(self, positions, cell, *, stress=True):  # noqa: ARG002
        self.potential.n_calls += 1
        energy, forces = self.potential.law(positions)
        return energy, forces, np.full(6, np.nan)


@pytest.fixture
def law_potential() -> type[LawPotential]:
    return LawPotential


@pytest.fixture
def springs() -> Callable[..., LawPotential]:
    """Each atom bound to its own site: 3n independent oscillators."""

    def build(sites: np.ndarray, k: float = 1.0) -> LawPotential:
        def law(positions: np.ndarray) -> tuple[float, np.ndarray]:
            away = positions - sites
            return float(0.5 * k * np.sum(away**2)), -k * away

        return LawPotential(law, name="springs")

    return build


@pytest.fixture
def argon() -> Atoms:
    """Crystal of 32 argon atoms, slightly disordered."""
    atoms = bulk("Ar", a=5.3, cubic=True) * 2
    atoms.rattle(0.05, seed=1)
    return atoms


@pytest.fixture
def lennard_jones() -> Potential:
    """Argon with forces that go smoothly to zero at the cutoff."""
    return AsePotential(
        lambda: LennardJones(sigma=3.4, epsilon=0.0104, rc=7.0, ro=5.5, smooth=True),
        name="lj-argon",
    )
