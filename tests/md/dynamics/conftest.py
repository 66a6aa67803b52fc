"""Systems whose motion is known on paper, and runs of them."""

from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.lj import LennardJones
from ase.neighborlist import neighbor_list
from scipy import optimize

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


class SoftSpheres(Potential):
    """Repulsive spheres U = Σ ε (1 - r²/d²)⁴, three times differentiable, with stress.

    Nearest images only: the cell must be wider than 2 d, and not skewed.
    """

    def __init__(self, *, epsilon_eV: float, diameter_A: float) -> None:
        self.name, self.species, self.level = "soft spheres", None, "exact"
        self.epsilon_eV, self.diameter_A = epsilon_eV, diameter_A
        self.n_calls = 0

    def _predict(self, structures):
        raise NotImplementedError

    def session(self, atoms: Atoms) -> Session:
        return SoftSession(self, len(atoms))


class SoftSession(Session):
    def __init__(self, potential: SoftSpheres, n_atoms: int) -> None:
        self.potential = potential
        self.first, self.second = np.triu_indices(n_atoms, k=1)
        pairs = np.arange(len(self.first))
        self.incidence = np.zeros((n_atoms, len(pairs)))
        self.incidence[self.second, pairs] = 1.0
        self.incidence[self.first, pairs] = -1.0

    def evaluate(self, positions, cell, *, stress=True):
        self.potential.n_calls += 1
        epsilon, d2 = self.potential.epsilon_eV, self.potential.diameter_A**2
        between = (positions[self.second] - positions[self.first]) @ np.linalg.inv(cell)
        between = (between - np.rint(between)) @ cell
        depth = np.maximum(0.0, 1.0 - np.einsum("ij,ij->i", between, between) / d2)
        cubed = depth**3
        push = (8.0 * epsilon / d2 * cubed)[:, None] * between
        voigt = np.full(6, np.nan)
        if stress:
            tensor = -(push.T @ between) / abs(np.linalg.det(cell))
            voigt = tensor[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
        return float(epsilon * (cubed @ depth)), self.incidence @ push, voigt


@pytest.fixture
def soft_spheres() -> Callable[..., SoftSpheres]:
    return SoftSpheres


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


def _independent(samples: np.ndarray) -> float:
    """Count independent samples, from the autocorrelation to its first zero."""
    away = samples - samples.mean()
    n = len(away)
    spectrum = np.abs(np.fft.rfft(away, 2 * n)) ** 2
    correlation = np.fft.irfft(spectrum)[:n]
    correlation /= correlation[0]
    negative = np.nonzero(correlation < 0)[0]
    until = int(negative[0]) if len(negative) else n
    return n / max(1.0, 1.0 + 2.0 * correlation[1:until].sum())


def _slope_between(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Slope of ln P(x|other)/P(x|one) and its standard error.

    The maximum-likelihood estimate of Merz and Shirts, PLoS ONE 13, e0202764 (2018),
    is a logistic regression of the ensemble on x. Each set is thinned to independent
    samples, so that the error of the regression is the error.
    """
    sets = [x[:: max(1, round(len(x) / _independent(x)))] for x in (one, other)]
    x = np.concatenate(sets)
    belongs = np.repeat([0.0, 1.0], [len(s) for s in sets])
    scaled = (x - x.mean()) / x.std()

    def loss(line: np.ndarray) -> float:
        z = line[0] + line[1] * scaled
        return float(np.sum(np.logaddexp(0, z) - belongs * z))

    fit = optimize.minimize(loss, [0.0, 0.0], method="BFGS").x
    p = 1 / (1 + np.exp(-(fit[0] + fit[1] * scaled)))
    design = np.stack([np.ones_like(x), scaled], axis=1)
    information = design.T @ (design * (p * (1 - p))[:, None])
    error = np.sqrt(np.linalg.inv(information)[1, 1])
    return fit[1] / x.std(), error / x.std()


@pytest.fixture
def independent() -> Callable[[np.ndarray], float]:
    return _independent


@pytest.fixture
def slope_between() -> Callable[[np.ndarray, np.ndarray], tuple[float, float]]:
    return _slope_between


class HoleyLennardJones(LennardJones):
    """Argon whose potential knows nothing of pairs closer than a distance (Å)."""

    def __init__(self, least_A: float) -> None:
        super().__init__(sigma=3.4, epsilon=0.0104, rc=7.0, ro=5.5, smooth=True)
        self.least_A = least_A

    def calculate(self, *given) -> None:
        super().calculate(*given)
        if shortest_distance(self.atoms) < self.least_A:
            self.results["forces"] = np.full_like(self.results["forces"], np.nan)


def shortest_distance(atoms: Atoms) -> float:
    found = neighbor_list("d", atoms, 4.0)
    return float(found.min()) if len(found) else float("inf")


@pytest.fixture
def holey() -> Callable[[float], Potential]:
    def build(least_A: float) -> Potential:
        return AsePotential(lambda: HoleyLennardJones(least_A), name=f"hole-{least_A}")

    return build


@pytest.fixture
def collision() -> Atoms:
    """Two argon atoms that meet head-on at 3 Å per 100 fs each."""
    atoms = Atoms("Ar2", positions=[[0, 0, 0], [8, 0, 0]])
    speed = 0.03 / units.fs
    atoms.set_velocities([[speed, 0, 0], [-speed, 0, 0]])
    return atoms
