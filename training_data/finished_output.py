"""What an output file of a finished calculation holds, whatever the code."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ase import Atoms

from training_data.labelling_process import SinglePoint


@dataclass(frozen=True, kw_only=True)
class OutputStep:
    """One structure of an output file.

    Parameters
    ----------
    atoms
        Structure, without calculator and constraints.
    point
        Energy (eV), forces (eV/Å) and stress (eV/Å³, ASE sign).
    problem
        Why it cannot become a label, or None.

    """

    atoms: Atoms
    point: SinglePoint
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class FinishedOutput:
    """Content of an output file.

    Parameters
    ----------
    code
        Program, version, basis and smearing.
    functional
        Exchange-correlation functional, or "unstated" where the file does not say it.
    dispersion
        Dispersion correction that is part of the labels.
    potentials
        Element → pseudopotential or data set, where the file names it.
    steps
        Structures in their order.

    """

    code: str
    functional: str
    dispersion: str | None = None
    potentials: Mapping[str, str]
    steps: tuple[OutputStep, ...]


def single_point(atoms: Atoms) -> SinglePoint:
    """Results of a structure that ASE read, forces on constrained atoms included.

    Parameters
    ----------
    atoms
        Structure with a calculator that holds its results.

    """
    results = atoms.calc.results
    return SinglePoint(
        energy=float(results.get("free_energy", results["energy"])),
        forces=atoms.get_forces(apply_constraint=False),
        stress=results.get("stress"),
    )


def found(pattern: str, text: str) -> str | None:
    r"""First group of the first match of a pattern, or None.

    Parameters
    ----------
    pattern
        Regular expression with one group; ``^`` matches at every line.
    text
        What is searched.

    Examples
    --------
    >>> found(r"ENCUT *= *([\d.]+)", "   ENCUT  =  300.0 eV")
    '300.0'

    """
    match = re.search(pattern, text, flags=re.MULTILINE)
    return match.group(1).strip() if match else None


def bare(atoms: Atoms) -> Atoms:
    """Structure without calculator, constraints, charges or velocities.

    Parameters
    ----------
    atoms
        Structure; it stays as it is.

    """
    return Atoms(
        numbers=atoms.numbers,
        positions=atoms.positions,
        cell=atoms.cell.array,
        pbc=atoms.pbc,
    )
