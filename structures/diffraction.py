"""Powder X-ray diffraction of a crystal."""

import math
from collections.abc import Mapping

import numpy as np
from ase import Atoms

from structures.crystal_files import check_crystal
from structures.diffraction_pattern import DiffractionPattern
from structures.periodicity import require_periodic
from structures.reflections import lorentz_polarisation, reflection_families
from training_data.errors import InputError

WAVELENGTHS_A = {
    "CuKa1": 1.540598,
    "CuKa2": 1.544426,
    "CuKa": 1.541874,
    "MoKa1": 0.709317,
    "MoKa2": 0.713607,
    "MoKa": 0.710747,
    "CoKa": 1.790307,
    "AgKa": 0.560871,
}
"""X-ray lines; the unnumbered ones are (2 Ka1 + Ka2) / 3 [Å]."""

SAME_D = 1e-6
NEGLIGIBLE = 1e-4
DIRECTIONS = 3


def xray_pattern(
    atoms: Atoms,
    *,
    wavelength_A: float | str = "CuKa",
    two_theta_range_deg: tuple[float, float] = (5.0, 90.0),
    debye_waller_B_A2: float | Mapping[str, float] = 0.0,
    polarisation: float = 0.5,
    monochromator_two_theta_deg: float = 0.0,
) -> DiffractionPattern:
    r"""Reflections of a powder of a crystal.

    Kinematic scattering by spherical neutral atoms at rest or with isotropic
    displacements; random orientation; no absorption, extinction or anomalous
    dispersion.

    Parameters
    ----------
    atoms
        Periodic crystal; every site is full.
    wavelength_A
        Wavelength [Å], or the name of a line: one of ``WAVELENGTHS_A``.
    two_theta_range_deg
        Range of the scattering angle [°], within 0 to 180.
    debye_waller_B_A2
        Isotropic displacement parameter B = 8π²⟨u²⟩ [Å²], one for all or by element.
    polarisation
        Share of the incident intensity polarised in the plane of diffraction: 0.5 for
        a tube, about 0.05 for a synchrotron with a vertical plane of diffraction.
    monochromator_two_theta_deg
        Scattering angle of the monochromator crystal before a tube's sample [°];
        0 is none.

    Returns
    -------
    DiffractionPattern
        Reflections by falling d; those below 1e-4 of the strongest are left out.

    Raises
    ------
    InputError
        If the crystal is not periodic, its atoms overlap, an element has no scattering
        factor, a number is out of range, or there is no reflection, or too many, in
        the range.

    Notes
    -----
    .. math::

        I(hkl) = \sum_{\{hkl\}} |F|^2 \, L P, \qquad
        F = \sum_j f_j(s)\, e^{-B_j s^2} e^{2 \pi i (h x_j + k y_j + l z_j)}

    .. math::

        L P = \frac{1 - K + K \cos^2 2\theta_m \cos^2 2\theta}
        {(1 - K + K \cos^2 2\theta_m) \sin^2\theta \cos\theta}, \qquad
        s = \frac{\sin\theta}{\lambda} = \frac{1}{2 d}

    .. math::

        f(s) = Z - 41.78214\, s^2 \sum_i a_i e^{-b_i s^2}

    ============  ===================================================
    symbol        variable
    ============  ===================================================
    λ             ``wavelength_A``
    B             ``debye_waller_B_A2``
    K             ``polarisation``
    2θ_m          ``monochromator_two_theta_deg``
    I             ``DiffractionPattern.intensity``
    ============  ===================================================

    The sum runs over all planes of one d, so multiplicities are counted. With K = 1/2
    the factor is (1 + cos² 2θ) / (2 sin²θ cosθ). The coefficients a and b are those
    that pymatgen carries (De Graef and McHenry); the fit holds up to s = 2/Å.

    References
    ----------
    M. De Graef, M. E. McHenry, Structure of Materials, 2nd ed., Cambridge University
    Press (2012), doi:10.1017/CBO9781139051637, chapters 11 and 12.
    L. V. Azároff, Acta Cryst. 8, 701 (1955), doi:10.1107/S0365110X55002156
    (polarisation with a monochromator).

    Examples
    --------
    >>> from ase.build import bulk
    >>> pattern = xray_pattern(bulk("LiCl", "rocksalt", a=5.14, cubic=True))
    >>> pattern.hkl[:2]
    ((((1, 1, 1), 8),), (((2, 0, 0), 6),))
    >>> pattern.two_theta_deg[:2].round(2).tolist()
    [30.11, 34.91]

    """
    wavelength = wavelength_of(wavelength_A)
    _check(atoms, two_theta_range_deg, polarisation, monochromator_two_theta_deg)
    low, high = (math.sin(math.radians(angle) / 2) for angle in two_theta_range_deg)
    families = reflection_families(
        atoms,
        g_range_per_A=(2 * low / wavelength, 2 * high / wavelength),
        debye_waller_B_A2=debye_waller_B_A2,
    )
    g = np.linalg.norm(families.hkl @ atoms.cell.reciprocal()[:], axis=1)
    theta = np.arcsin(np.minimum(g * wavelength / 2, 1))
    intensity = families.squared * lorentz_polarisation(
        theta, polarisation, monochromator_two_theta_deg
    )
    order = np.argsort(g, kind="stable")
    g = g[order]
    begins = np.flatnonzero(np.r_[True, np.diff(g) > SAME_D * g[1:]])
    groups = np.split(order, begins[1:])
    sums = np.array([intensity[group].sum() for group in groups])
    kept = np.flatnonzero(sums > NEGLIGIBLE * sums.max())
    d = 1 / g[begins[kept]]
    return DiffractionPattern(
        formula=atoms.get_chemical_formula(mode="metal", empirical=True),
        wavelength_A=wavelength,
        d_A=d,
        two_theta_deg=np.degrees(2 * np.arcsin(np.minimum(wavelength / (2 * d), 1))),
        intensity=sums[kept],
        hkl=tuple(
            tuple(
                (families.plane(i), int(families.multiplicity[i]))
                for i in groups[k]
                if intensity[i] > NEGLIGIBLE * sums[k]
            )
            for k in kept
        ),
        cell_volume_A3=float(atoms.get_volume()),
        cell_mass_amu=float(atoms.get_masses().sum()),
        range_deg=two_theta_range_deg,
    )


def wavelength_of(given: float | str) -> float:
    """Wavelength [Å] of a line by name, or the one given.

    Parameters
    ----------
    given
        Name of a line or wavelength [Å].

    Raises
    ------
    InputError
        If the name is unknown or the number not positive.

    Examples
    --------
    >>> wavelength_of("CuKa1")
    1.540598

    """
    if isinstance(given, str):
        if given not in WAVELENGTHS_A:
            raise InputError(
                f"wavelength_A must be a number or one of {', '.join(WAVELENGTHS_A)}; "
                f"got {given!r}. Give the wavelength in Å."
            )
        return WAVELENGTHS_A[given]
    if not 0 < given < math.inf:
        raise InputError(f"wavelength_A must be positive; got {given!r}. Give it in Å.")
    return float(given)


def _check(
    atoms: Atoms,
    two_theta_range_deg: tuple[float, float],
    polarisation: float,
    monochromator_two_theta_deg: float,
) -> None:
    """Refuse what does not diffract."""
    require_periodic(atoms)
    check_crystal(atoms, name="atoms")
    low, high = two_theta_range_deg
    if not 0 < low < high <= 180:  # noqa: PLR2004
        raise InputError(
            "two_theta_range_deg must ascend between 0 and 180; got "
            f"{two_theta_range_deg!r}. Give for example (5, 90)."
        )
    if not 0 <= polarisation <= 1:
        raise InputError(
            f"polarisation must lie between 0 and 1; got {polarisation!r}. "
            "A tube has 0.5."
        )
    if not 0 <= monochromator_two_theta_deg < 90:  # noqa: PLR2004
        raise InputError(
            "monochromator_two_theta_deg must lie between 0 and 90; got "
            f"{monochromator_two_theta_deg!r}. Graphite with Cu has 26.6."
        )
