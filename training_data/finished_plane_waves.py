"""Quantum ESPRESSO and CP2K: text outputs."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read
from ase.units import Bohr, GPa, Hartree, Rydberg

from training_data.finished_output import (
    FinishedOutput,
    OutputStep,
    bare,
    found,
    single_point,
)
from training_data.labelling_process import SinglePoint
from training_data.level_of_theory import D3, UNSTATED

UNCONVERGED = "the electrons did not converge"
NUMBER = r"[-+]?\d+\.\d*(?:[eE][-+]?\d+)?"
MARKED_ENERGY = re.compile(rf"^! +total energy += +({NUMBER}) Ry", re.MULTILINE)


def read_espresso(path: Path) -> FinishedOutput:
    """Labels of an output of pw.x.

    Parameters
    ----------
    path
        File.

    Notes
    -----
    In verbose runs pw.x marks the energy of every iteration with an exclamation mark,
    and the first one would be taken; here it is the last before the forces.

    """
    text = path.read_text(encoding="utf-8", errors="replace")
    frames = [
        atoms
        for atoms in read(path, index=":", format="espresso-out")
        if atoms.calc.results.get("forces") is not None
    ]
    parts = text.split("Forces acting on atoms")[:-1]
    steps = []
    for atoms, part in zip(frames, parts, strict=False):
        energies = re.findall(
            rf"^! +total energy += +({NUMBER}) Ry", part, re.MULTILINE
        )
        point = single_point(atoms)
        energy = float(energies[-1]) * Rydberg if energies else float("nan")
        failed = "convergence NOT achieved" in part or not energies
        steps.append(
            OutputStep(
                atoms=bare(atoms),
                point=SinglePoint(
                    energy=energy, forces=point.forces, stress=point.stress
                ),
                problem=UNCONVERGED if failed else None,
            )
        )
    cutoff = found(rf"kinetic-energy cutoff\s*=\s*({NUMBER})", text)
    width = found(rf"smearing, width \(Ry\)=\s*({NUMBER})", text)
    version = found(r"PWSCF v\.(\S+)", text) or ""
    words = [f"Quantum ESPRESSO {version}".strip()]
    words += [f"cutoff {float(cutoff):g} Ry"] if cutoff else []
    if width:
        kind = found(r"(\S+) smearing, width", text)
        words.append(f"{kind} {float(width):g} Ry")
    functional = found(r"Exchange-correlation\s*=\s*([^\n(]+)", text) or UNSTATED
    dispersion = None
    if "DFT-D3 Dispersion" in text or "Grimme-D3" in text:
        becke = re.search(r"Becke-Johnson|version\s*=?\s*4|DFT-D3\(BJ\)", text)
        dispersion = D3 if becke else None
        functional += "" if becke else "+D3"
    return FinishedOutput(
        code=", ".join(words),
        functional=functional,
        dispersion=dispersion,
        potentials=dict(
            re.findall(
                r"PseudoPot\. *# *\d+ for +(\S+) +read from file:?\s+(\S+)", text
            )
        ),
        steps=tuple(steps),
    )


def read_cp2k(path: Path) -> FinishedOutput:
    """Labels of a single point of CP2K (ENERGY_FORCE, forces printed to the output).

    Parameters
    ----------
    path
        Output file. Lattice vectors are printed there with three decimals, and taken
        as they stand.

    Notes
    -----
    CP2K's stress is that of the cell on its surroundings, with the sign of a pressure;
    ASE's has the other sign.

    """
    text = path.read_text(encoding="utf-8", errors="replace")
    vectors = re.findall(
        rf"^ CELL\| Vector [abc] \[angstrom\]:?\s+({NUMBER})\s+({NUMBER})\s+({NUMBER})",
        text,
        re.MULTILINE,
    )[-3:]
    rows = re.findall(
        rf"^ +\d+ +\d+ ([A-Z][a-z]?) +\d+ +({NUMBER}) +({NUMBER}) +({NUMBER})",
        text,
        re.MULTILINE,
    )
    periodic = found(r"^ CELL\| Periodicity\s+(\S+)", text) or "XYZ"
    atoms = Atoms(
        symbols=[row[0] for row in rows],
        positions=[[float(x) for x in row[1:]] for row in rows],
        cell=[[float(x) for x in row] for row in vectors] or None,
        pbc=[axis in periodic for axis in "XYZ"],
    )
    energy = found(rf"ENERGY\| Total FORCE_EVAL.*?({NUMBER})\s*$", text)
    forces = _cp2k_forces(text)
    stress = _cp2k_stress(text)
    problem = None
    if "SCF run NOT converged" in text or "SCF run converged" not in text:
        problem = UNCONVERGED
    elif energy is None or forces is None or len(forces) != len(atoms):
        problem = "it holds no energy or no forces of all atoms (PRINT / FORCES)"
    version = found(r"CP2K version +(\S+)", text) or ""
    cutoff = found(rf"QS\| Density cutoff \[a\.u\.\]:\s*({NUMBER})", text)
    words = [f"CP2K {version}".strip()]
    if cutoff:
        words.append(f"density cutoff {2.0 * float(cutoff):g} Ry")
    basis = sorted(set(re.findall(r"Orbital Basis Set\s+(\S+)", text)))
    words += basis
    functional = found(r"^ FUNCTIONAL\| *(\w+)", text) or UNSTATED
    damping = found(r"^ vdW POTENTIAL\|\s*(.*?Damping)", text)
    bj = damping is not None and "BJ" in damping
    return FinishedOutput(
        code=", ".join(words),
        functional=functional + ("" if bj or not damping else f"+{damping.split()[0]}"),
        dispersion=D3 if bj else None,
        potentials=_cp2k_potentials(text),
        steps=(
            OutputStep(
                atoms=atoms,
                point=SinglePoint(
                    energy=float(energy or "nan") * Hartree,
                    forces=np.zeros((0, 3)) if forces is None else forces,
                    stress=stress,
                ),
                problem=problem,
            ),
        ),
    )


def _cp2k_forces(text: str) -> np.ndarray | None:
    three = rf"({NUMBER}) +({NUMBER}) +({NUMBER})"
    blocks = re.split(r"FORCES\| Atomic forces|ATOMIC FORCES in", text)
    if len(blocks) == 1:
        return None
    block = re.split(r"FORCES\| Sum|SUM OF ATOMIC FORCES", blocks[-1])[0]
    rows = re.findall(rf"^ *FORCES\| +\d+ +{three}", block, re.MULTILINE)
    rows = rows or re.findall(rf"^ +\d+ +\d+ +\w+ +{three}", block, re.MULTILINE)
    if not rows:
        return None
    values = np.array([[float(x) for x in row] for row in rows])
    return np.asarray(values * Hartree / Bohr)


def _cp2k_stress(text: str) -> np.ndarray | None:
    block = re.split(r"STRESS\| Analytical stress tensor \[GPa\]", text)
    if len(block) == 1:
        return None
    rows = re.findall(
        rf"^ *STRESS\| +[xyz] +({NUMBER}) +({NUMBER}) +({NUMBER})",
        block[-1],
        re.MULTILINE,
    )[:3]
    tensor = np.array([[float(x) for x in row] for row in rows])
    return np.asarray(-GPa * tensor.ravel()[[0, 4, 8, 5, 2, 1]])


def _cp2k_potentials(text: str) -> dict[str, str]:
    """Read the pseudopotential of every kind, in the part that describes it."""
    starts = [m.start() for m in re.finditer(r"Atomic kind: ", text)] + [len(text)]
    named = {}
    for start, end in pairwise(starts):
        kind = found(r"Atomic kind: ([A-Z][a-z]?)", text[start : start + 80])
        potential = found(r"Potential information for\s+(\S+)", text[start:end])
        if kind and potential:
            named[kind] = potential
    return named
