"""GPAW: .gpw files and text outputs."""

import re
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, ulm

from training_data.finished_output import (
    FinishedOutput,
    OutputStep,
    bare,
    found,
    single_point,
)
from training_data.labelling_process import SinglePoint
from training_data.level_of_theory import UNSTATED

UNCONVERGED = "the electrons did not converge"
NUMBER = r"[-+]?\d+\.\d+(?:[eE][-+]?\d+)?"
ATOM_ROW = re.compile(r"^\| *\d+ \| +([A-Z][a-z]?) \|([^(\n]*)\|", re.MULTILINE)
AXIS_ROW = re.compile(r"^\| +(yes|no) \|(.*?)\|[^|\n]*\|[^|\n]*\|$", re.MULTILINE)


def read_gpw(path: Path) -> FinishedOutput:
    """Labels of a .gpw file, which GPAW writes after a converged calculation.

    Parameters
    ----------
    path
        File.

    """
    atoms = read(path, format="gpw")
    reader = ulm.open(path)
    version = str(getattr(reader, "gpaw_version", "of unknown version"))
    parameters = reader.parameters.asdict()
    reader.close()
    xc = parameters.get("xc", "LDA")
    mode = parameters.get("mode", {})
    cutoff = mode.get("ecut") if isinstance(mode, dict) else None
    smearing = parameters.get("occupations") or {}
    forces = "forces" in atoms.calc.results
    step = OutputStep(
        atoms=bare(atoms),
        point=single_point(atoms)
        if forces
        else SinglePoint(energy=0.0, forces=np.zeros((0, 3)), stress=None),
        problem=None if forces else "it holds no forces",
    )
    return FinishedOutput(
        code=_words(version, cutoff, smearing.get("name"), smearing.get("width")),
        functional=str(xc.get("name", xc) if isinstance(xc, dict) else xc),
        potentials={},
        steps=(step,),
    )


def read_gpaw_text(path: Path) -> FinishedOutput:
    """Labels of a text output.

    Parameters
    ----------
    path
        File; the tables of recent versions (26) are read here, the older form by ASE.

    """
    text = path.read_text(encoding="utf-8", errors="replace")
    code = _words(
        found(r"^ ?\|__ ?\|.*[-\s](\d+\.\d+\S*)\s*$", text) or "",
        found(r"^\s*(?:Cutoff|ecut)[^\d\n]*([\d.]+) *eV", text),
        found(r"Occupations\(name='([\w-]+)'", text)
        or found(r"name: ([\w-]+),\s*width: ", text),
        found(r"Occupations\(.*?width=([\d.]+)", text)
        or found(r"name: [\w-]+,\s*width: ([\d.]+)", text),
    )
    functional = found(r"XC\(name='([^']+)'", text) or found(
        r"^\s*xc functional:\s*\n\s*name:\s*(\S+)", text
    )
    functional = functional or found(r"^\s*xc:\s*(\S+)", text) or UNSTATED
    if "|   | symbol |" in text or "# Å" in text:
        steps = _new_steps(text)
    else:
        steps = _old_steps(path, text)
    potentials = dict(
        re.findall(
            r"^\s+file:\s+\S*?([A-Z][a-z]?)\.(\S+?)(?:\.gz)?$", text, re.MULTILINE
        )
    )
    return FinishedOutput(
        code=code, functional=functional, potentials=potentials, steps=steps
    )


def _words(
    version: str, cutoff: object, smearing: object = None, width: object = None
) -> str:
    words = [f"GPAW {version}".strip()]
    if cutoff:
        words.append(f"PW {float(str(cutoff)):.0f} eV")
    if smearing and width is not None:
        name = "-".join(part.capitalize() for part in str(smearing).split("-"))
        words.append(f"{name} {float(str(width)):g} eV")
    return ", ".join(words)


def _new_steps(text: str) -> tuple[OutputStep, ...]:
    """Read the structures of the newer form, each with what follows it."""
    blocks = re.split(r"^Atoms  # ", text, flags=re.MULTILINE)[1:]
    cell: np.ndarray | None = None
    pbc: list[bool] = []
    steps = []
    for block in blocks:
        rows = re.findall(
            r"^\| *\d+ \| +([A-Z][a-z]?) \|(.*?)\|(?: \(|$)", block, re.MULTILINE
        )
        axes = re.findall(
            r"^\| +(yes|no) \|(.*?)\|[^|]*\|[^|]*\|$", block, re.MULTILINE
        )
        if axes:
            cell = np.array([_numbers(row) for _, row in axes])
            pbc = [word == "yes" for word, _ in axes]
        atoms = Atoms(
            symbols=[symbol for symbol, _ in rows],
            positions=[_numbers(row)[:3] for _, row in rows],
            cell=cell,
            pbc=pbc or None,
        )
        energy = found(rf"^ +Free energy: +({NUMBER})", block)
        forces = _table(block, r"^Forces  #", len(atoms))
        stress = _table(block, r"^Stress tensor  #", 3)
        problem = None
        if not re.search(r"^Converged in \d+ steps", block, re.MULTILINE):
            problem = UNCONVERGED
        elif energy is None or forces is None:
            problem = "it holds no energy or no forces"
        voigt = None if stress is None else stress.ravel()[[0, 4, 8, 5, 2, 1]]
        point = SinglePoint(
            energy=float(energy or "nan"),
            forces=np.zeros((0, 3)) if forces is None else forces,
            stress=voigt,
        )
        steps.append(OutputStep(atoms=atoms, point=point, problem=problem))
    return tuple(steps)


def _old_steps(path: Path, text: str) -> tuple[OutputStep, ...]:
    """Read the structures of the older form; ASE gives the energy at zero width."""
    frames = read(path, index=":", format="gpaw-out")
    energies = re.findall(rf"^Free [Ee]nergy: +({NUMBER})", text, re.MULTILINE)
    steps = []
    for number, atoms in enumerate(frames):
        results = atoms.calc.results if atoms.calc else {}
        whole = results.get("forces") is not None and number < len(energies)
        point = SinglePoint(
            energy=float(energies[number]) if whole else float("nan"),
            forces=np.array(results["forces"]) if whole else np.zeros((0, 3)),
            stress=_voigt(results.get("stress")) if whole else None,
        )
        problem = None if whole else UNCONVERGED
        steps.append(OutputStep(atoms=bare(atoms), point=point, problem=problem))
    return tuple(steps)


def _voigt(stress: object) -> np.ndarray | None:
    if stress is None:
        return None
    values = np.asarray(stress, dtype=float)
    return values if values.shape == (6,) else values.ravel()[[0, 4, 8, 5, 2, 1]]


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(NUMBER, text)]


def _table(block: str, heading: str, n_rows: int) -> np.ndarray | None:
    """Read the rows of three numbers below a heading."""
    match = re.search(heading, block, re.MULTILINE)
    if match is None:
        return None
    rows = [
        values
        for line in block[match.end() :].splitlines()[: n_rows + 3]
        if len(values := _numbers(line.split("#")[0])) == 3  # noqa: PLR2004  (x, y, z)
    ]
    return np.array(rows) if len(rows) == n_rows else None
