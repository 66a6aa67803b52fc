"""Stochastic cell rescaling, of the whole cell or along the interface normal only."""

import math

import numpy as np
from ase import Atoms

from training_data.errors import InputError

#: A crystal has no empty sheet as thick as this; a vacuum has (Å).
_VACUUM_A = 6.0


class CellRescaling:
    r"""Barostat of Bernetti and Bussi, first order in time and without inertia.

    The cell does not ring as under a piston, and the only memory is the random
    numbers' own.

    Parameters
    ----------
    pressure
        P₀ (eV/Å³), positive when it compresses.
    relaxation_time
        τ, in which the volume relaxes when `compressibility` is the true one (ASE
        units).
    compressibility
        β (Å³/eV). Only β/τ matters, and only for how fast the volume moves.
    normal_only
        False: the cell grows alike in all directions. True: only along the normal of
        its **a**, **b** plane, whose area is kept.
    rng
        Where the noise comes from.

    Notes
    -----
    With ε = ln V,

    .. math:: d\varepsilon = -\frac{\beta}{\tau} (P_0 - P)\,dt
              + \sqrt{\frac{2 k_B T \beta}{V \tau}}\,dW

    and momenta scaled by the inverse of what positions are scaled by, the law of the
    volume is that of the NPT ensemble. The step is made in λ = √V, whose noise does
    not depend on λ:

    .. math:: d\lambda = -\frac{\beta\lambda}{2\tau}
              \Bigl(P_0 - P - \frac{k_B T}{2V}\Bigr) dt
              + \sqrt{\frac{k_B T \beta}{2\tau}}\,dW

    P is the instantaneous pressure with its kinetic part: (2K − V tr σ)/3V of the
    whole cell, or (2K_nn − V σ_nn)/V along the normal n. The equation is the same in
    both cases, as dV/V is the strain along n when the area is kept.

    | symbol | variable |
    |---|---|
    | P₀ | ``pressure`` |
    | β | ``compressibility`` |
    | τ | ``relaxation_time`` |
    | k_B T | ``kT`` |
    | σ | ``stress`` |
    | V | ``volume`` |

    References
    ----------
    M. Bernetti and G. Bussi, J. Chem. Phys. 153, 114107 (2020),
    doi:10.1063/5.0020514.

    """

    def __init__(
        self,
        *,
        pressure: float,
        relaxation_time: float,
        compressibility: float,
        normal_only: bool,
        rng: np.random.Generator,
    ) -> None:
        self._pressure = pressure
        self._rate = compressibility / relaxation_time
        self._normal_only = normal_only
        self._rng = rng

    def strain(
        self,
        *,
        cell: np.ndarray,
        momenta: np.ndarray,
        masses: np.ndarray,
        stress: np.ndarray,
        kT: float,
        dt: float,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Deformation of one step and what momenta are multiplied with.

        Parameters
        ----------
        cell
            Rows are vectors, (3, 3) in Å.
        momenta, masses
            (n, 3) and (n, 1) in ASE units.
        stress
            Of the potential, (6,) Voigt in eV/Å³, tensile positive.
        kT
            Temperature of the bath (eV).
        dt
            Time that the step stands for (ASE units).

        Returns
        -------
        tuple
            Symmetric (3, 3) matrices: ``cell @ first``, ``momenta @ second``.

        """
        volume = abs(float(np.linalg.det(cell)))
        direction = interface_normal(cell) if self._normal_only else None
        inside = internal_pressure(volume, momenta, masses, stress, direction=direction)
        root = math.sqrt(volume)
        drift = self._pressure - inside - 0.5 * kT / volume
        noise = math.sqrt(0.5 * kT * self._rate * dt) * float(
            self._rng.standard_normal()
        )
        ratio = (1.0 - 0.5 * self._rate * dt * drift + noise / root) ** 2
        # A pressure that asks for more than this comes from atoms that overlap; the
        # jump is left large enough for the guards to see.
        ratio = min(max(ratio, 0.5), 2.0)
        if direction is None:
            stretch = ratio ** (1.0 / 3.0)
            return stretch * np.eye(3), np.eye(3) / stretch
        along = np.outer(direction, direction)
        return np.eye(3) + (ratio - 1.0) * along, np.eye(3) + (1 / ratio - 1) * along


def interface_normal(cell: np.ndarray) -> np.ndarray:
    """Return the unit normal of the a, b plane of a cell, (3,); rows in Å.

    Examples
    --------
    >>> interface_normal(np.array([[4.0, 0, 0], [1, 3, 0], [0.5, 0.5, 9]])).tolist()
    [0.0, 0.0, 1.0]

    """
    normal = np.cross(cell[0], cell[1])
    return np.asarray(normal / np.linalg.norm(normal))


def internal_pressure(
    volume: float,
    momenta: np.ndarray,
    masses: np.ndarray,
    stress: np.ndarray,
    *,
    direction: np.ndarray | None = None,
) -> float:
    """Instantaneous pressure (eV/Å³) of the whole cell, or along a unit vector.

    Parameters
    ----------
    volume
        In Å³.
    momenta, masses
        (n, 3) and (n, 1) in ASE units.
    stress
        Of the potential, (6,) Voigt in eV/Å³, tensile positive.
    direction
        Unit vector (3,); None: the mean over all directions.

    Examples
    --------
    One atom of kinetic energy 1.5 eV in 10 Å³ without forces: P V = 2/3 K.

    >>> p = np.array([[1.0, 1.0, 1.0]])
    >>> round(internal_pressure(10.0, p, np.ones((1, 1)), np.zeros(6)), 12)
    0.1

    """
    if direction is None:
        kinetic = float(np.sum(momenta * momenta / masses))
        return (kinetic / volume - float(stress[:3].sum())) / 3.0
    along = momenta @ direction
    xx, yy, zz, yz, xz, xy = stress
    tensor = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    kinetic = float(np.sum(along * along / masses[:, 0]))
    return kinetic / volume - float(direction @ tensor @ direction)


def check_cell(atoms: Atoms, *, normal_only: bool) -> None:
    """Refusal of structures whose volume means nothing.

    Raises
    ------
    InputError
        When the structure is not periodic in all directions, holds fixed atoms, or
        has a vacuum that the barostat would close.

    """
    if atoms.constraints:
        raise InputError(
            "atoms must all be free under a barostat, which moves every one with the "
            f"cell; got {len(atoms.constraints)} constraint(s). Free them, or use an "
            "ensemble of constant volume."
        )
    if not atoms.pbc.all():
        raise InputError(
            "structure must be periodic in all directions under a barostat; got pbc "
            f"{atoms.pbc.tolist()!r}. Use an ensemble of constant volume."
        )
    cell = atoms.cell.array
    volume = abs(float(np.linalg.det(cell)))
    fractional = np.linalg.solve(cell.T, atoms.positions.T).T % 1.0
    for axis in (2,) if normal_only else (0, 1, 2):
        plane = np.cross(cell[axis - 2], cell[axis - 1])
        height = volume / float(np.linalg.norm(plane))
        sorted_heights = np.sort(fractional[:, axis])
        gaps = np.diff(sorted_heights, append=sorted_heights[0] + 1.0)
        empty = float(gaps.max()) * height
        if empty > _VACUUM_A:
            raise InputError(
                f"structure must have no vacuum under a barostat; got {empty:.1f} Å "
                f"without atoms along {'abc'[axis]}, more than {_VACUUM_A:g}. Use an "
                "ensemble of constant volume, or fill the cell."
            )
