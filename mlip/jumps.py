"""Jumps of energy and force where an atom leaves a potential's cutoff."""

from dataclasses import dataclass

import numpy as np

from mlip.dimers import pair_of_atoms
from mlip.potential import Potential

_SHORTEST_A, _LONGEST_A, _STEP_A = 2.0, 14.0, 0.05
_CANDIDATES, _HALVINGS = 3, 7
_WINDOW, _NOISE = 4, 1e-7


@dataclass(frozen=True, kw_only=True)
class Jump:
    """Largest jump of a potential along the distance of two atoms.

    Parameters
    ----------
    distance_A
        Where it is, Å.
    force_eV_per_A
        Change of the force over an interval of 0.0004 Å, beyond what its slope over
        the neighbouring intervals makes of it.
    energy_eV
        Change of the energy over that interval beyond what the forces explain.

    """

    distance_A: float
    force_eV_per_A: float
    energy_eV: float


def largest_jump(potential: Potential, symbols: tuple[str, str]) -> Jump:
    """Search for a jump along the distance of two atoms, from 2 to 14 Å.

    Intervals whose change stands out from that of their neighbours are halved seven
    times, always going on with the half that changes more: the change of a smooth
    function vanishes with the interval, a jump stays.

    Parameters
    ----------
    potential
        Any potential.
    symbols
        Elements of the two atoms.

    Returns
    -------
    Jump
        Zero where nothing could be evaluated.

    """
    distances = np.arange(_SHORTEST_A, _LONGEST_A, _STEP_A)
    energies, forces = _ask(potential, symbols, distances)
    worst = Jump(distance_A=float(distances[-1]), force_eV_per_A=0.0, energy_eV=0.0)
    for values in (forces, energies):
        change = np.diff(values)
        off = np.nan_to_num(np.abs(change[1:-1] - 0.5 * (change[:-2] + change[2:])))
        around = np.lib.stride_tricks.sliding_window_view(
            np.pad(off, _WINDOW, mode="edge"), 2 * _WINDOW + 1
        )
        floor = _NOISE * (np.nanmax(np.abs(values)) + 1.0)
        stands_out = off / (np.median(around, axis=1) + floor)
        for index in np.argsort(-stands_out)[:_CANDIDATES]:
            begin = distances[index + 1]
            jump = _narrowed(potential, symbols, float(begin), float(begin + _STEP_A))
            if jump.force_eV_per_A + jump.energy_eV > (
                worst.force_eV_per_A + worst.energy_eV
            ):
                worst = jump
    return worst


def _narrowed(
    potential: Potential, symbols: tuple[str, str], low: float, high: float
) -> Jump:
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        energies, forces = _ask(potential, symbols, np.array([low, middle, high]))
        steps = np.diff(energies) + 0.5 * (forces[1:] + forces[:-1]) * (middle - low)
        left, right = np.abs(np.diff(forces)) + np.abs(steps) / _STEP_A
        low, high = (low, middle) if left >= right else (middle, high)
    width = high - low
    energies, forces = _ask(
        potential, symbols, np.array([low - width, low, high, high + width])
    )
    change = np.diff(forces)
    smooth = max(abs(change[0]), abs(change[2]))
    energy = energies[2] - energies[1] + 0.5 * (forces[1] + forces[2]) * width
    return Jump(
        distance_A=0.5 * (low + high),
        force_eV_per_A=float(np.nan_to_num(max(abs(change[1]) - smooth, 0.0))),
        energy_eV=float(np.nan_to_num(max(abs(energy) - abs(change[1]) * width, 0.0))),
    )


def _ask(
    potential: Potential, symbols: tuple[str, str], distances: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    found = potential.evaluate([pair_of_atoms(*symbols, float(r)) for r in distances])
    return found.energies, np.array([forces[1, 0] for forces in found.forces])
