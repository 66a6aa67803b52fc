"""Labelled frame: what a calculation gave, in the keys and units of a data set."""

from collections.abc import Mapping, Sequence

import numpy as np
from ase import Atoms

from training_data.dataset import (
    D3_ENERGY,
    D3_FORCES,
    D3_STRESS,
    ENERGY,
    FORCES,
    STRESS,
)
from training_data.dispersion import dispersion
from training_data.errors import InputError
from training_data.frame_hash import frame_hash
from training_data.label_store import HASH
from training_data.labelling_process import CalculationError, SinglePoint, placeholders
from training_data.labelling_settings import LabellingSettings

ANALYTIC_STRESS = "stress_fixed_planewaves"
DIMENSIONS = 3
SMALLEST_VOLUME_A3 = 0.1
MOST_TOLD = 20
CARRIED = ("config_type", "sampling", "group_id", "parent")


def refuse_unfit(frames: Sequence[Atoms], *, settings: LabellingSettings) -> None:
    """Raise where the settings cannot label one of the structures.

    Parameters
    ----------
    frames
        Structures.
    settings
        Settings of labelling.

    Raises
    ------
    InputError
        With all frames that are unfit: positions or cell not finite, a cell without
        volume, not periodic, a grid that is none, or an element without a correction
        of the stress.

    """
    unfit = [
        f"  frame {number}: {reason}"
        for number, atoms in enumerate(frames)
        if (reason := _unfit(atoms, settings)) is not None
    ]
    if unfit:
        more = len(unfit) - MOST_TOLD
        told = unfit[:MOST_TOLD] + ([f"  and {more} more."] if more > 0 else [])
        first = (
            "pool must hold structures that the settings can label; got "
            f"{len(unfit)} of {len(frames)} that they cannot:"
        )
        raise InputError("\n".join([first, *told]))


def _unfit(  # noqa: PLR0911  (one per reason)
    atoms: Atoms, settings: LabellingSettings
) -> str | None:
    """Why the settings cannot label a structure, and what helps."""
    if len(atoms) == 0:
        return "must hold atoms; got none. Remove it."
    if not np.isfinite(np.concatenate([atoms.positions, atoms.cell.array])).all():
        return "must have finite positions and cell. Remove it."
    whole = bool(atoms.pbc.all())
    if settings.periodic and not (whole and atoms.cell.array.any(axis=1).all()):
        return (
            f"must be periodic along three axes; got pbc {atoms.pbc.tolist()} and a "
            f"cell of rank {atoms.cell.rank}. Give it a cell, or set periodic: false."
        )
    volume = abs(float(np.linalg.det(atoms.cell.array)))
    if whole and volume < SMALLEST_VOLUME_A3 * len(atoms):
        return (
            f"must have a cell with a volume; got {volume:.3g} Å³ for {len(atoms)} "
            "atoms. Mend its cell."
        )
    grid = atoms.info.get("kpts")
    if settings.kpoints is not None and grid is not None and not _is_grid(grid):
        return f"must have three whole numbers in kpts; got {grid!r}. Leave it out."
    known = settings.stress_eV_per_atom
    other = sorted(set(atoms.get_chemical_symbols()) - set(known or ()))
    if known is not None and settings.stress and other:
        return (
            f"stress_eV_per_atom must hold all its elements; got none for "
            f"{', '.join(other)}. Measure it from E(V), or set it to null and the "
            "cutoff so high that it is not needed."
        )
    return None


def _is_grid(value: object) -> bool:
    numbers = np.asarray(value)
    return (
        numbers.shape == (DIMENSIONS,)
        and numbers.dtype.kind in "iu"
        and bool((numbers > 0).all())
    )


def level_in_words(settings: LabellingSettings, *, versions: Mapping[str, str]) -> str:
    """Words for code and settings that stand with every label.

    Parameters
    ----------
    settings
        Settings of labelling.
    versions
        Package → version, where the code runs.

    Raises
    ------
    InputError
        A package that the words name is not installed there.

    Examples
    --------
    >>> emt = LabellingSettings(code="ase.calculators.emt.EMT")
    >>> level_in_words(emt, versions={"ase": "3.29.0"})
    'ase.calculators.emt.EMT, ase 3.29.0'

    """
    if settings.level is None:
        package = settings.calculator.split(".")[0]
        words = [settings.code, f"{package} {versions.get(package, 'unknown')}"]
        words += [f"{name} {value}" for name, value in settings.arguments.items()]
        return ", ".join(words).replace('"', "'")
    words_ = settings.level
    for name in placeholders(words_):
        if name not in versions:
            raise InputError(
                f"level must name installed packages; got {{{name}}}, which is not "
                "installed where the code runs. Install it, or write the version."
            )
        words_ = words_.replace(f"{{{name}}}", versions[name])
    return words_


def labelled_frame(
    atoms: Atoms,
    point: SinglePoint,
    *,
    settings: LabellingSettings,
    level: str,
    kpts: tuple[int, int, int] | None,
) -> Atoms:
    """Structure with its labels.

    Parameters
    ----------
    atoms
        Structure; it stays as it is.
    point
        What the code gave.
    settings
        Functional, dispersion and correction of the stress.
    level
        Words for the level of theory.
    kpts
        Grid that was used.

    Returns
    -------
    ase.Atoms
        Copy with ``REF_energy`` (eV), ``REF_forces`` (eV/Å), ``REF_stress`` (eV/Å³),
        ``D3_*`` beside them, the level of theory and the hash of the structure.

    Notes
    -----
    ``σ = σ_analytic + 1/V Σ_i c(Z_i)`` on the diagonal.

    ========== ==============================================
    symbol     variable
    ========== ==============================================
    σ_analytic ``stress_fixed_planewaves``, kept beside it
    c          ``stress_eV_per_atom``
    ========== ==============================================

    """
    frame = Atoms(
        numbers=atoms.numbers,
        positions=atoms.positions,
        cell=atoms.cell.array,
        pbc=atoms.pbc,
    )
    frame.info = _origin(atoms)
    frame.info[ENERGY] = point.energy
    if point.stress is not None:
        frame.info[STRESS] = point.stress
        if settings.stress_eV_per_atom is not None:
            total = sum(settings.stress_eV_per_atom[s] for s in atoms.symbols)
            added = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]) * (
                total / float(atoms.get_volume())
            )
            frame.info[STRESS] = point.stress + added
            frame.info[ANALYTIC_STRESS] = point.stress
    if kpts is not None:
        frame.info["kpts"] = np.array(kpts)
    frame.info["functional"] = settings.functional
    frame.info["code"] = level
    frame.arrays[FORCES] = point.forces
    if settings.dispersion:
        part = dispersion(frame)
        frame.info[D3_ENERGY] = part.energy
        if np.isfinite(part.stress).all():
            frame.info[D3_STRESS] = part.stress
        frame.arrays[D3_FORCES] = part.forces
    frame.info[HASH] = frame_hash(atoms)
    return frame


def _origin(atoms: Atoms) -> dict[str, object]:
    """Collect what the pool says of where a structure comes from."""
    info = {key: str(atoms.info[key]) for key in CARRIED if key in atoms.info}
    if "group_id" not in info and {"parent", "sampling"} <= set(info):
        info["group_id"] = f"{info['parent']}/{info['sampling']}"
    return {key: info[key] for key in CARRIED if key in info}


def check_label(labelled: Atoms, *, max_force_eV_per_A: float) -> None:
    """Refuse a label that cannot be right.

    Parameters
    ----------
    labelled
        Frame with its labels.
    max_force_eV_per_A
        Largest force accepted on one atom [eV/Å].

    Raises
    ------
    CalculationError
        A number is not finite, there are not as many forces as atoms, or a force is
        beyond the limit.

    """
    forces = labelled.arrays[FORCES]
    if forces.shape != (len(labelled), 3):
        raise CalculationError(f"forces of {len(forces)} atoms for {len(labelled)}")
    keys = (ENERGY, STRESS, D3_ENERGY, D3_STRESS)
    numbers = [np.ravel(labelled.info[key]) for key in keys if key in labelled.info]
    numbers.append(forces.ravel())
    if not np.isfinite(np.concatenate(numbers)).all():
        raise CalculationError("a label is not finite")
    largest = float(np.linalg.norm(forces, axis=1).max())
    if largest > max_force_eV_per_A:
        raise CalculationError(
            f"force of {largest:.1f} eV/A beyond {max_force_eV_per_A:.1f}"
        )
