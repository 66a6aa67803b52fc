"""Pattern of one phase as its lattice is strained within its symmetry."""

import math
from collections.abc import Mapping

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from structures.diffraction import WAVELENGTHS_A, wavelength_of
from structures.peak_shape import PeakShape, pseudo_voigt_sum
from structures.periodicity import require_periodic
from structures.reflections import lorentz_polarisation, reflection_families
from structures.space_group import symmetry_operations

MARGIN = 0.06
"""Relative margin of 1/d around the measured range, for strains."""

NEGLIGIBLE = 1e-4
STRAIN_BASIS = (
    np.diag([1.0, 0.0, 0.0]),
    np.diag([0.0, 1.0, 0.0]),
    np.diag([0.0, 0.0, 1.0]),
    np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0]]) / math.sqrt(2),
    np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]]) / math.sqrt(2),
    np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]]) / math.sqrt(2),
)


def lines_of(wavelength_A: float | str) -> tuple[tuple[float, float], ...]:
    """Wavelengths [Å] and shares of the lines of a source.

    Parameters
    ----------
    wavelength_A
        Wavelength [Å] or name; a name without a number is a doublet where both of its
        lines are known, 2 : 1.

    Examples
    --------
    >>> lines_of(0.6888)
    ((0.6888, 1.0),)
    >>> lines_of("CuKa")
    ((1.540598, 0.6666666666666666), (1.544426, 0.3333333333333333))

    """
    if isinstance(wavelength_A, str):
        pair = [WAVELENGTHS_A.get(wavelength_A + number) for number in "12"]
        if pair[0] is not None and pair[1] is not None:
            return (pair[0], 2 / 3), (pair[1], 1 / 3)
    return ((wavelength_of(wavelength_A), 1.0),)


def allowed_strains(atoms: Atoms) -> NDArray[np.float64]:
    """Strains that keep the point group, (n, 3, 3), orthonormal; 1 cubic … 6 triclinic.

    Parameters
    ----------
    atoms
        Periodic crystal.

    Examples
    --------
    >>> from ase.build import bulk
    >>> len(allowed_strains(bulk("Li", "bcc"))), len(allowed_strains(bulk("Zr", "hcp")))
    (1, 2)

    """
    rotations, _ = symmetry_operations(
        atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers
    )
    columns = atoms.cell[:].T
    inverse = np.linalg.inv(columns)
    turns = [columns @ turn @ inverse for turn in rotations]
    basis = np.array(STRAIN_BASIS)
    mean = np.zeros((6, 6))
    for turn in turns:
        turned = turn @ basis @ turn.T
        mean += np.einsum("aij,bij->ab", basis, turned) / len(turns)
    values, vectors = np.linalg.eigh((mean + mean.T) / 2)
    kept = vectors[:, values > 0.9]  # noqa: PLR2004  (eigenvalues are 0 or 1)
    return np.asarray(np.einsum("an,aij->nij", kept, basis))


class PhaseProfile:
    """Reflections of one phase, ready to be drawn at any allowed strain.

    Parameters
    ----------
    atoms
        Periodic crystal.
    lines
        Wavelengths [Å] and shares.
    range_deg
        Range of the scattering angle [°].
    debye_waller_B_A2
        Isotropic displacement parameter [Å²], one for all or by element.
    polarisation
        Share of the incident intensity polarised in the plane of diffraction.
    monochromator_two_theta_deg
        Scattering angle of the monochromator [°].

    """

    def __init__(
        self,
        atoms: Atoms,
        *,
        lines: tuple[tuple[float, float], ...],
        range_deg: tuple[float, float],
        debye_waller_B_A2: float | Mapping[str, float],
        polarisation: float,
        monochromator_two_theta_deg: float,
    ) -> None:
        require_periodic(atoms, name="crystals", remedy="Give bulk cells.")
        self.lines = lines
        self._polarisation = polarisation, monochromator_two_theta_deg
        sines = [math.sin(math.radians(angle) / 2) for angle in range_deg]
        shortest = 2 * sines[0] / max(line for line, _ in lines) * (1 - MARGIN)
        longest = 2 * min(sines[1] * (1 + MARGIN), 1.0) / min(line for line, _ in lines)
        families = reflection_families(
            atoms,
            g_range_per_A=(shortest, longest),
            debye_waller_B_A2=debye_waller_B_A2,
        )
        strong = families.squared > NEGLIGIBLE * families.squared.max()
        self._hkl = families.hkl[strong]
        self._squared = families.squared[strong]
        self._cell = np.array(atoms.cell[:])
        self._strains = allowed_strains(atoms)

    @property
    def n_strains(self) -> int:
        """Number of strains that keep the symmetry."""
        return len(self._strains)

    def uniform_strain(self, strain: float) -> NDArray[np.float64]:
        """Parameters of the same strain in all directions.

        Parameters
        ----------
        strain
            Relative change of lengths.

        """
        return np.asarray(np.einsum("nii->n", self._strains) * strain)

    def cell(self, strains: NDArray[np.float64]) -> NDArray[np.float64]:
        """Strained cell, rows are vectors [Å].

        Parameters
        ----------
        strains
            (n_strains,) parameters.

        """
        strain = np.einsum("n,nij->ij", strains, self._strains)
        return np.asarray(self._cell @ (np.eye(3) + strain))

    def angles(
        self, strains: NDArray[np.float64], wavelength_A: float
    ) -> NDArray[np.float64]:
        """Scattering angles of the reflections [°].

        Parameters
        ----------
        strains
            (n_strains,) parameters.
        wavelength_A
            Wavelength [Å].

        """
        sine = self._lengths(strains) * wavelength_A / 2
        return np.asarray(np.degrees(2 * np.arcsin(sine[sine < 1])))

    def intensities(
        self,
        two_theta_deg: NDArray[np.float64],
        strains: NDArray[np.float64],
        shape: PeakShape,
    ) -> NDArray[np.float64]:
        """Pattern at scale 1 [electrons²/°].

        Parameters
        ----------
        two_theta_deg
            (m,) angles [°].
        strains
            (n_strains,) parameters.
        shape
            Widths and form of the peaks.

        """
        g = self._lengths(strains)
        total = np.zeros(len(two_theta_deg))
        for wavelength, share in self.lines:
            seen = g * wavelength / 2 < 1
            theta = np.arcsin(g[seen] * wavelength / 2)
            factor = lorentz_polarisation(theta, *self._polarisation)
            areas = share * self._squared[seen] * factor
            centres = np.degrees(2 * theta)
            total += pseudo_voigt_sum(two_theta_deg, centres, areas, shape)
        return total

    def _lengths(self, strains: NDArray[np.float64]) -> NDArray[np.float64]:
        """1/d of the reflections in the strained lattice [1/Å]."""
        reciprocal = np.linalg.inv(self.cell(strains)).T
        return np.asarray(np.linalg.norm(self._hkl @ reciprocal, axis=1))
