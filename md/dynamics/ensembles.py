"""Moving atoms, their degrees of freedom and first velocities."""

import numpy as np
from ase import Atoms, units
from ase.constraints import FixAtoms, FixCom

from md.dynamics.barostats import check_cell
from md.dynamics.config import DynamicsConfig, largest_timestep_fs
from training_data.errors import InputError


def fixed_indices(atoms: Atoms) -> np.ndarray:
    """Sorted indices of the atoms that ``FixAtoms`` holds.

    Raises
    ------
    InputError
        For constraints whose dynamics are not implemented.

    """
    held: set[int] = set()
    for constraint in atoms.constraints:
        if isinstance(constraint, FixAtoms):
            held.update(int(i) for i in constraint.get_indices())
        elif type(constraint) is not FixCom:
            raise InputError(
                "constraints must be FixAtoms or FixCom; got "
                f"{type(constraint).__name__!r}. Remove it from the structure."
            )
    return np.array(sorted(held), dtype=np.intp)


def degrees_of_freedom(atoms: Atoms, *, zero_momentum: bool) -> int:
    """Count the velocity components that carry heat.

    Three per moving atom, less three when the centre of mass is held at rest. With
    fixed atoms nothing is subtracted: they already hold the frame of reference.

    Examples
    --------
    >>> degrees_of_freedom(Atoms("Li4"), zero_momentum=True)
    9

    """
    n_fixed = len(fixed_indices(atoms))
    removed = 3 if zero_momentum and n_fixed == 0 else 0
    return 3 * (len(atoms) - n_fixed) - removed


def build_moving_atoms(atoms: Atoms, config: DynamicsConfig) -> Atoms:
    """Copy of a structure with the constraints and masses that the run integrates.

    Raises
    ------
    InputError
        When nothing can move, a position is not finite, the time step is too long for
        the lightest moving atom, or a barostat finds fixed atoms or a vacuum.

    """
    fixed = fixed_indices(atoms)
    moving = Atoms(
        numbers=atoms.numbers,
        positions=atoms.positions,
        cell=atoms.cell,
        pbc=atoms.pbc,
        masses=atoms.get_masses(),
    )
    if not np.isfinite(moving.positions).all():
        bad = int(np.nonzero(~np.isfinite(moving.positions).all(axis=1))[0][0])
        raise InputError(
            f"positions must be finite; got {moving.positions[bad].tolist()!r} for "
            f"atom {bad}. Mend the structure file."
        )
    if degrees_of_freedom(atoms, zero_momentum=config.zero_momentum) <= 0:
        raise InputError(
            f"atoms must leave something free to move; got {len(atoms)} of them, "
            f"{len(fixed)} fixed. Free some, or set zero_momentum to false for one "
            "atom alone."
        )
    _check_timestep(moving, fixed, config)
    if config.has_barostat:
        check_cell(atoms, normal_only=config.ensemble == "npt_normal")
    if len(fixed):
        moving.set_constraint(FixAtoms(indices=fixed))
    elif config.zero_momentum and config.ensemble == "langevin":
        # ASE's own Langevin(fixcm=True) samples too hot a distribution in 3.26+ and
        # is deprecated; the constraint projects noise and momenta exactly.
        moving.set_constraint(FixCom())
    if config.velocities == "given":
        moving.set_momenta(_given_momenta(atoms, config, fixed))
    return moving


def _check_timestep(atoms: Atoms, fixed: np.ndarray, config: DynamicsConfig) -> None:
    masses = atoms.get_masses().copy()
    masses[fixed] = np.inf
    lightest = int(np.argmin(masses))
    if not masses[lightest] > 0:
        raise InputError(
            f"masses must be positive; got {masses[lightest]!r} amu for atom "
            f"{lightest} ({atoms.symbols[lightest]}). Set it, or fix the atom."
        )
    limit = largest_timestep_fs(float(masses[lightest]))
    if config.timestep_fs > limit * (1 + 1e-3):
        raise InputError(
            f"timestep_fs must be at most {limit:.2f} with {atoms.symbols[lightest]} "
            f"({masses[lightest]:.2f} amu); got {config.timestep_fs!r}. Its fastest "
            "vibration would not be resolved; 1 fs is safe for Li, 0.5 fs for H."
        )


def _given_momenta(
    atoms: Atoms, config: DynamicsConfig, fixed: np.ndarray
) -> np.ndarray:
    if not atoms.has("momenta"):
        raise InputError(
            "velocities must be in the structure when velocities is 'given'; got "
            "none. Use velocities: maxwell, or a file that stores momenta."
        )
    momenta = atoms.get_momenta()
    if not np.isfinite(momenta).all():
        raise InputError(
            "momenta must be finite; got nan or inf. Mend the structure file."
        )
    return _at_rest(momenta, atoms.get_masses(), config, fixed)


def draw_momenta(
    atoms: Atoms, config: DynamicsConfig, rng: np.random.Generator
) -> np.ndarray:
    """Maxwell–Boltzmann momenta, shape (n, 3), in ASE units (amu Å / ASE time).

    Fixed atoms rest, the centre of mass rests where the configuration says so. For
    constant energy they are scaled to the exact temperature; under a thermostat they
    are a plain draw, which is what the canonical ensemble contains.
    """
    masses = atoms.get_masses()
    kT = units.kB * config.starting_temperature_K
    drawn = rng.standard_normal((len(atoms), 3)) * np.sqrt(masses * kT)[:, None]
    fixed = fixed_indices(atoms)
    momenta = _at_rest(drawn, masses, config, fixed)
    if config.ensemble == "nve" and kT > 0:
        n_free = degrees_of_freedom(atoms, zero_momentum=config.zero_momentum)
        twice_kinetic = float(np.sum(momenta**2 / masses[:, None]))
        momenta *= np.sqrt(n_free * kT / twice_kinetic)
    return momenta


def _at_rest(
    momenta: np.ndarray, masses: np.ndarray, config: DynamicsConfig, fixed: np.ndarray
) -> np.ndarray:
    momenta = momenta.copy()
    if len(fixed):
        momenta[fixed] = 0.0
    elif config.zero_momentum:
        momenta -= masses[:, None] * (momenta.sum(axis=0) / masses.sum())
    return momenta
