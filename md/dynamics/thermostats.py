"""Thermostats that scale all momenta by one factor: Bussi and Nosé–Hoover chain."""

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

# Yoshida's fourth-order composition, Phys. Lett. A 150, 262 (1990),
# doi:10.1016/0375-9601(90)90092-3
_OUTER = 1.0 / (2.0 - 2.0 ** (1.0 / 3.0))
_YOSHIDA = (_OUTER, 1.0 - 2.0 * _OUTER, _OUTER)


class Thermostat(ABC):
    """Heat bath that acts through the kinetic energy alone."""

    @abstractmethod
    def factor(self, kinetic_energy: float, *, kT: float, dt: float) -> float:
        """Return what all momenta are multiplied by.

        Parameters
        ----------
        kinetic_energy
            Of the moving atoms (eV).
        kT
            Temperature of the bath (eV).
        dt
            Time for which the bath acts (ASE units).

        """

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must keep beside the random numbers."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:  # noqa: B027 (few remember)
        """Go on from a checkpoint."""


class VelocityRescaling(Thermostat):
    r"""Stochastic velocity rescaling of Bussi, Donadio and Parrinello.

    Parameters
    ----------
    relaxation_time
        τ, in which a deviation of the kinetic energy decays (ASE units).
    n_free
        Degrees of freedom that carry heat.
    rng
        Where the noise comes from; it is the only memory.

    Notes
    -----
    .. math:: dK = (\bar K - K) \frac{dt}{\tau}
              + 2 \sqrt{\frac{K \bar K}{N_f}} \frac{dW}{\sqrt\tau},
              \qquad \bar K = \tfrac12 N_f k_B T

    solved exactly over a finite time (Eq. A7 of 2007, sign from the appendix of 2008):

    .. math:: \alpha^2 = c + (1 - c) \frac{\bar K}{N_f K} \sum_{i=1}^{N_f} R_i^2
              + 2 R_1 \sqrt{c (1 - c) \frac{\bar K}{N_f K}},
              \qquad c = e^{-dt/\tau}

    | symbol | variable |
    |---|---|
    | τ | ``relaxation_time`` |
    | N_f | ``n_free`` |
    | K | ``kinetic_energy`` |
    | k_B T | ``kT`` |
    | R_1 | ``one`` |
    | Σ R_i², i > 1 | ``others`` |

    References
    ----------
    G. Bussi, D. Donadio and M. Parrinello, J. Chem. Phys. 126, 014101 (2007),
    doi:10.1063/1.2408420; G. Bussi and M. Parrinello, Comput. Phys. Commun. 179, 26
    (2008), doi:10.1016/j.cpc.2008.01.006.

    """

    def __init__(
        self, *, relaxation_time: float, n_free: int, rng: np.random.Generator
    ) -> None:
        self._relaxation_time = relaxation_time
        self._n_free = n_free
        self._rng = rng

    def factor(self, kinetic_energy: float, *, kT: float, dt: float) -> float:
        """Return what all momenta are multiplied by; see :class:`Thermostat`."""
        one = float(self._rng.standard_normal())
        others = 2.0 * float(self._rng.standard_gamma(0.5 * (self._n_free - 1)))
        kept = math.exp(-dt / self._relaxation_time)
        mixed = -math.expm1(-dt / self._relaxation_time) * 0.5 * kT / kinetic_energy
        drift = math.sqrt(kept)
        kick = math.sqrt(mixed) * one
        size = math.sqrt((drift + kick) ** 2 + mixed * others)
        return math.copysign(size, drift + kick)


class NoseHooverChain(Thermostat):
    r"""Nosé–Hoover chain, integrated by the scheme of Martyna and others.

    Parameters
    ----------
    relaxation_time
        τ, period of the bath over 2π (ASE units).
    n_free
        Degrees of freedom that carry heat.
    length
        Number of links M.

    Attributes
    ----------
    velocities, positions
        Of the links, (M,); the whole memory. Positions enter only
        :meth:`bath_energy`.

    Notes
    -----
    .. math:: \dot p = F - p \dot\eta_1, \qquad
              Q_1 \ddot\eta_1 = 2K - N_f k_B T - Q_1 \dot\eta_1 \dot\eta_2, \qquad
              Q_j \ddot\eta_j = Q_{j-1} \dot\eta_{j-1}^2 - k_B T
              - Q_j \dot\eta_j \dot\eta_{j+1}

    with :math:`Q_1 = N_f k_B T \tau^2` and :math:`Q_j = k_B T \tau^2`. When the
    temperature of the bath changes, the masses follow it and the velocities of the
    links are kept.

    | symbol | variable |
    |---|---|
    | η̇_j | ``velocities`` |
    | η_j | ``positions`` |
    | N_f | ``n_free`` |
    | τ | ``relaxation_time`` |

    References
    ----------
    G. J. Martyna, M. L. Klein and M. Tuckerman, J. Chem. Phys. 97, 2635 (1992),
    doi:10.1063/1.463940; G. J. Martyna, M. E. Tuckerman, D. J. Tobias and M. L. Klein,
    Mol. Phys. 87, 1117 (1996), doi:10.1080/00268979600100761.

    """

    def __init__(self, *, relaxation_time: float, n_free: int, length: int = 3) -> None:
        self._relaxation_time = relaxation_time
        self._n_free = n_free
        self.velocities = [0.0] * length
        self.positions = [0.0] * length

    def state(self) -> dict[str, Any]:
        """Return velocities and positions of the links."""
        return {
            "link_velocities": list(self.velocities),
            "link_positions": list(self.positions),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.velocities = [float(v) for v in state["link_velocities"]]
        self.positions = [float(x) for x in state["link_positions"]]

    def factor(self, kinetic_energy: float, *, kT: float, dt: float) -> float:
        """Return what all momenta are multiplied by; see :class:`Thermostat`."""
        try:
            return self._factor(kinetic_energy, kT=kT, dt=dt)
        except OverflowError:  # Python's, where numpy would give inf
            return math.nan  # for the guards to see

    def _factor(self, kinetic_energy: float, *, kT: float, dt: float) -> float:
        scale = 1.0
        for share in _YOSHIDA:
            part = share * dt
            self._kick(
                range(len(self.velocities) - 1, -1, -1), kinetic_energy, kT, part
            )
            scaled = math.exp(-self.velocities[0] * part)
            scale *= scaled
            kinetic_energy *= scaled * scaled
            for link, velocity in enumerate(self.velocities):
                self.positions[link] += velocity * part
            self._kick(range(len(self.velocities)), kinetic_energy, kT, part)
        return scale

    def _kick(self, links: range, kinetic_energy: float, kT: float, dt: float) -> None:
        """Move the velocities of the links by half of dt, in the given order."""
        v = self.velocities
        square = self._relaxation_time**2
        for link in links:
            if link == 0:
                push = (2.0 * kinetic_energy / (self._n_free * kT) - 1.0) / square
            else:
                heavy = self._n_free if link == 1 else 1
                push = heavy * v[link - 1] ** 2 - 1.0 / square
            drag = math.exp(-0.25 * dt * v[link + 1]) if link + 1 < len(v) else 1.0
            v[link] = (v[link] * drag + 0.5 * dt * push) * drag

    def bath_energy(self, *, kT: float) -> float:
        """Energy of the bath (eV); its sum with that of the atoms is conserved."""
        masses = [self._n_free, *[1] * (len(self.velocities) - 1)]
        unit = kT * self._relaxation_time**2
        moving = sum(
            0.5 * m * unit * v * v for m, v in zip(masses, self.velocities, strict=True)
        )
        lifted = sum(m * kT * x for m, x in zip(masses, self.positions, strict=True))
        return float(moving + lifted)
