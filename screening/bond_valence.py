"""Barriers of migration from bond valence site energies, and what they say of D."""

import contextlib
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.units import kB

from structures.dopants import read_ion
from structures.oxidation_states import oxidation_states_of
from structures.periodicity import require_periodic
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HIGHEST_eV = 5.0
"""Barriers are looked for up to here [eV]; above it nothing moves."""
CUTOFF_A = 10.0
"""Reach of the sum; BVlain takes the 100 nearest ions at most, about 7 Å in LLZO."""
NEUTRAL = 1e-6
N_LEVELS = 200


@dataclass(frozen=True, kw_only=True)
class BondValenceBarriers:
    """Energies at which the sites of a mobile ion connect through a crystal.

    Parameters
    ----------
    mobile_ion
        Ion that moves, such as ``"Li+"``.
    barrier_1d_eV, barrier_2d_eV, barrier_3d_eV
        Energy above the lowest site at which paths cross the crystal in one, two and
        three directions [eV]; None where there is none below 5 eV.
    resolution_A
        Spacing of the grid [Å].
    energy_eV
        Energy above the lowest point on the grid [eV], shape (n_a, n_b, n_c).

    """

    mobile_ion: str
    barrier_1d_eV: float | None
    barrier_2d_eV: float | None
    barrier_3d_eV: float | None
    resolution_A: float
    energy_eV: np.ndarray

    def diffusivity_cm2_per_s(
        self,
        *,
        temperature_K: float = 300.0,
        attempt_frequency_THz: float = 10.0,
        hop_distance_A: float = 2.0,
    ) -> float:
        """Estimate of the diffusivity from the lowest barrier that crosses in 3D.

        Where the crystal conducts in fewer directions, the barrier of those is taken.

        Parameters
        ----------
        temperature_K
            Temperature [K].
        attempt_frequency_THz
            Vibrations against the barrier [THz].
        hop_distance_A
            Length of one hop [Å]; 2.0 Å is from a tetrahedral to an octahedral site
            of the garnet.

        Returns
        -------
        float
            ν a² exp(−E/kT) [cm²/s]; 0 where nothing crosses.

        Raises
        ------
        InputError
            If a number is not positive.

        """
        return bond_valence_diffusivity(
            self.conducting_barrier_eV,
            temperature_K=temperature_K,
            attempt_frequency_THz=attempt_frequency_THz,
            hop_distance_A=hop_distance_A,
        )

    @property
    def conducting_barrier_eV(self) -> float | None:  # noqa: N802 (a unit)
        """Barrier of the most directions that can be crossed [eV]."""
        found = (self.barrier_3d_eV, self.barrier_2d_eV, self.barrier_1d_eV)
        return next((each for each in found if each is not None), None)

    def to_json(self) -> dict[str, Any]:
        """Barriers and the estimate at 300 K, without the grid."""
        return {
            "mobile_ion": self.mobile_ion,
            "barrier_1d_eV": self.barrier_1d_eV,
            "barrier_2d_eV": self.barrier_2d_eV,
            "barrier_3d_eV": self.barrier_3d_eV,
            "diffusivity_300K_cm2_per_s": self.diffusivity_cm2_per_s(),
            "resolution_A": self.resolution_A,
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Share of the cell that lies below an energy, with the barriers."""
        import matplotlib.pyplot as plt

        axes = plt.subplots()[1] if ax is None else ax
        known = [
            (label, barrier)
            for label, barrier in (
                ("1D", self.barrier_1d_eV),
                ("2D", self.barrier_2d_eV),
                ("3D", self.barrier_3d_eV),
            )
            if barrier is not None
        ]
        highest = 1.5 * max((barrier for _, barrier in known), default=2.0)
        levels = np.linspace(0.0, highest, N_LEVELS)
        share = np.searchsorted(np.sort(self.energy_eV, axis=None), levels)
        axes.plot(levels, 100 * share / self.energy_eV.size, color="0.2")
        for (label, barrier), style in zip(known, ("-", "--", ":"), strict=False):
            axes.axvline(
                barrier, linestyle=style, color="C1", label=f"{label}: {barrier:.2f} eV"
            )
        axes.set_xlabel(f"energy of {self.mobile_ion} above its lowest site (eV)")
        axes.set_ylabel("share of the cell below it (%)")
        if known:
            axes.legend(title="crosses in")
        return axes


def bond_valence_barriers(
    atoms: Atoms,
    *,
    mobile_ion: str = "Li+",
    oxidation_states: Mapping[str, float] | None = None,
    resolution_A: float = 0.2,
) -> BondValenceBarriers:
    """Barriers of an ion in a rigid crystal, from bond valence site energies.

    All ions of the mobile kind are taken out and one is put on every point of a grid;
    the others stay where they are and feel nothing. The lowest energy at which the
    grid points below it connect the crystal to its image is the barrier.

    Parameters
    ----------
    atoms
        Ordered, neutral crystal.
    mobile_ion
        Ion that moves.
    oxidation_states
        Charges of elements whose charge is not obvious [e].
    resolution_A
        Spacing of the grid [Å]. 0.2 Å is converged to about 0.05 eV.

    Returns
    -------
    BondValenceBarriers

    Raises
    ------
    InputError
        If the crystal is not periodic, does not hold the ion, is not neutral, an
        element has no obvious charge, or no parameters are known for a pair of ions.

    Notes
    -----
    Attraction to ions of opposite charge is a Morse potential whose parameters are
    those of bond valence sums, and repulsion from ions of the same charge is a
    screened Coulomb term [1]_:

        E(r) = Σ D0 ((exp(α (Rmin − R)) − 1)² − 1)/2
             + Σ 14.4 q1 q2 / (n1 n2)^½ erfc(R/(f (r1 + r2)))/R

    Energies and percolation are those of BVlain [2]_.

    ========  =======================================
    symbol    variable
    ========  =======================================
    D0, α,    depth [eV], steepness [1/Å] and distance
    Rmin      [Å] of the pair
    q, n, r   charge [e], principal quantum number and
              covalent radius [Å] of an ion
    f         screening, 0.74
    ========  =======================================

    References
    ----------
    .. [1] S. Adams, R. Prasada Rao, Phys. Status Solidi A 208, 1746 (2011),
       doi:10.1002/pssa.201001116.
    .. [2] BVlain, https://github.com/dembart/BVlain (PyPI: bvlain).

    Examples
    --------
    >>> from ase.spacegroup import crystal
    >>> antiperovskite = crystal(
    ...     ["Li", "O", "Cl"],
    ...     [(0.5, 0, 0), (0, 0, 0), (0.5, 0.5, 0.5)],
    ...     spacegroup=221, cellpar=[3.91, 3.91, 3.91, 90, 90, 90],
    ... )
    >>> found = bond_valence_barriers(antiperovskite, resolution_A=0.3)
    >>> found.barrier_1d_eV == found.barrier_3d_eV
    True

    """
    element, charge = read_ion(mobile_ion)
    require_periodic(atoms, name="atoms")
    charges = _charges(atoms, element, charge, oxidation_states)
    if not 0.0 < resolution_A <= 1.0:
        raise InputError(
            f"resolution_A must lie between 0 and 1; got {resolution_A!r}. Take 0.2."
        )
    grid, barriers = _lain(
        atoms, f"{element}{abs(charge)}", charge, charges, resolution_A
    )
    lowest = [None if not np.isfinite(each) else float(each) for each in barriers]
    energy = np.asarray(grid, dtype=float)
    return BondValenceBarriers(
        mobile_ion=mobile_ion,
        barrier_1d_eV=lowest[0],
        barrier_2d_eV=lowest[1],
        barrier_3d_eV=lowest[2],
        resolution_A=resolution_A,
        energy_eV=energy - energy.min(),
    )


def bond_valence_diffusivity(
    barrier_eV: float | None,
    *,
    temperature_K: float = 300.0,
    attempt_frequency_THz: float = 10.0,
    hop_distance_A: float = 2.0,
) -> float:
    """Estimate of a diffusivity from one barrier [cm²/s].

    Parameters
    ----------
    barrier_eV
        Activation energy [eV]; None where nothing moves.
    temperature_K
        Temperature [K].
    attempt_frequency_THz
        Vibrations against the barrier [THz].
    hop_distance_A
        Length of one hop [Å].

    Returns
    -------
    float
        ν a² exp(−E/kT) [cm²/s].

    Raises
    ------
    InputError
        If temperature, frequency or distance is not positive.

    Examples
    --------
    >>> bond_valence_diffusivity(0.0, attempt_frequency_THz=10.0, hop_distance_A=1.0)
    0.001

    """
    for name, value in (
        ("temperature_K", temperature_K),
        ("attempt_frequency_THz", attempt_frequency_THz),
        ("hop_distance_A", hop_distance_A),
    ):
        if not value > 0:
            raise InputError(f"{name} must be positive; got {value!r}. Raise it.")
    if barrier_eV is None:
        return 0.0
    prefactor = attempt_frequency_THz * hop_distance_A**2 * 1e-4  # THz Å² → cm²/s
    return float(prefactor * np.exp(-barrier_eV / (kB * temperature_K)))


def _charges(
    atoms: Atoms, element: str, charge: int, given: Mapping[str, float] | None
) -> dict[str, float]:
    """Charge of each element of a neutral crystal that holds the mobile ion."""
    symbols = atoms.get_chemical_symbols()
    if element not in symbols:
        raise InputError(
            f"mobile_ion must be in the crystal; got {element!r} for "
            f"{atoms.get_chemical_formula()}. Name an ion that is there."
        )
    charges = dict(
        oxidation_states_of(set(symbols), {**(given or {}), element: charge})
    )
    total = sum(charges[symbol] for symbol in symbols)
    if abs(total) > NEUTRAL * len(atoms):
        listed = ", ".join(f"{e} {q:+g}" for e, q in sorted(charges.items()))
        raise InputError(
            f"atoms must be neutral; got a charge of {total:+g} e in "
            f"{atoms.get_chemical_formula()} with {listed}. Give oxidation_states."
        )
    return charges


def _lain(
    atoms: Atoms,
    ion: str,
    charge: int,
    charges: Mapping[str, float],
    resolution_A: float,
) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Grid of energies and the three barriers, from BVlain."""
    from pymatgen.core import Structure  # noqa: PLC0415 (slow to import)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # BVlain's use of scipy.ndimage.measurements
        from bvlain import Lain  # noqa: PLC0415 (slow to import)

        structure = Structure(
            atoms.cell.array, atoms.numbers, atoms.get_scaled_positions()
        )
        structure.add_oxidation_state_by_element(charges)
        lain = Lain(verbose=False)
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                lain.read_structure(structure, oxi_check=False)
                grid = lain.bvse_distribution(
                    mobile_ion=f"{ion}{'+' if charge > 0 else '-'}",
                    r_cut=CUTOFF_A,
                    resolution=resolution_A,
                )
                found = lain.percolation_barriers(encut=HIGHEST_eV)
        except KeyError as error:
            pairs = ", ".join(f"{e} {q:+g}" for e, q in sorted(charges.items()))
            raise InputError(
                "oxidation_states must be ones with bond valence parameters; got "
                f"{pairs} with mobile {ion} (none for {_missing(error.args[0])}). "
                "Take another mobile ion, or leave this crystal out."
            ) from None
    return grid, (found["E_1D"], found["E_2D"], found["E_3D"])


def _missing(key: object) -> str:
    """Name what BVlain has no parameters for: it looks elements up by number."""
    if isinstance(key, Integral):
        return str(chemical_symbols[int(key)])
    return str(key)
