"""VASP: vasprun.xml and OUTCAR."""

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from ase.io import read

from training_data.finished_output import (
    FinishedOutput,
    OutputStep,
    bare,
    found,
    single_point,
)
from training_data.level_of_theory import D3, UNSTATED

FUNCTIONALS = {
    "PE": "PBE",
    "PS": "PBEsol",
    "91": "PW91",
    "RP": "RPBE",
    "CA": "LDA",
    "PAW_PBE": "PBE",
    "PAW_GGA": "PW91",
    "PAW": "LDA",
}
"""Names behind the tag GGA, and behind the first word of a POTCAR."""
D3_BJ = "12"
NUMBER = r"([-+]?[\d.]+(?:[eE][-+]?\d+)?)"


def read_vasprun(path: Path) -> FinishedOutput:
    """Labels of a vasprun.xml.

    Parameters
    ----------
    path
        File; a run that was cut off counts up to its last whole step.

    """
    head = _head(path)
    tags = {
        name: found(rf'name="{name}">\s*([^<]*?)\s*</i>', head)
        for name in ("GGA", "METAGGA", "LHFCALC", "LDAU", "IVDW", "LUSE_VDW")
    }
    titles = re.findall(r"<c>\s*(PAW\S* \S+(?: \S+)?)\s*</c>", head)
    steps = [
        OutputStep(atoms=bare(atoms), point=single_point(atoms), problem=problem)
        for atoms, problem in zip(
            read(path, index=":", format="vasp-xml"),
            _problems_of_xml(path, head),
            strict=False,
        )
        if atoms.calc is not None and "forces" in atoms.calc.results
    ]
    words = _words(
        version=found(r'name="version"[^>]*>\s*([\d.]+)', head),
        cutoff=found(rf'name="ENMAX">\s*{NUMBER}', head),
        ismear=found(r'name="ISMEAR">\s*(-?\d+)', head),
        sigma=found(rf'name="SIGMA">\s*{NUMBER}', head),
    )
    return _output(words, tags, titles, steps)


def read_outcar(path: Path) -> FinishedOutput:
    """Labels of an OUTCAR.

    Parameters
    ----------
    path
        File.

    """
    text = path.read_text(encoding="utf-8", errors="replace")
    tags = {
        name: found(rf"^\s*{name}\s*=\s*(\S+)", text)
        for name in ("GGA", "METAGGA", "LHFCALC", "LDAU", "IVDW", "LUSE_VDW")
    }
    titles = re.findall(r"TITEL\s*=\s*(PAW\S* \S+(?: \S+)?)", text)
    titles = titles or re.findall(
        r"^ POTCAR:\s+(PAW\S* \S+(?: \S+)?)", text, re.MULTILINE
    )
    parts = re.split(r"TOTAL-FORCE \(eV/Angst\)", text)[:-1]
    steps = [
        OutputStep(
            atoms=bare(atoms),
            point=single_point(atoms),
            problem=None
            if "because EDIFF is reached" in part
            else "the electrons did not converge (EDIFF was not reached)",
        )
        for atoms, part in zip(
            read(path, index=":", format="vasp-out"), parts, strict=False
        )
    ]
    words = _words(
        version=found(r"^\s*vasp\.(\d+\.\d+\.\d+)", text),
        cutoff=found(rf"ENCUT\s*=\s*{NUMBER}", text),
        ismear=found(r"ISMEAR\s*=\s*(-?\d+)", text),
        sigma=found(rf"SIGMA\s*=\s*{NUMBER}", text),
    )
    return _output(words, tags, titles, steps)


def _head(path: Path) -> str:
    """Collect what a vasprun.xml says before its first step."""
    lines = []
    with path.open(encoding="utf-8", errors="replace") as handle:
        for line in handle:
            if "<calculation>" in line:
                break
            lines.append(line)
    return "".join(lines)


def _problems_of_xml(path: Path, head: str) -> list[str | None]:
    """Tell for every step whether the electrons used up their iterations."""
    most = int(found(r'name="NELM">\s*(\d+)', head) or 60)
    limit = float(found(rf'name="EDIFF">\s*{NUMBER}', head) or 1e-4)
    problems: list[str | None] = []
    try:
        for _, element in ET.iterparse(path, events=["end"]):  # noqa: S314 (the user's own run)
            if element.tag != "calculation":
                continue
            energies = [
                float(entry.text or "nan")
                for entry in element.findall("scstep/energy/i[@name='e_fr_energy']")
            ]
            change = abs(energies[-1] - energies[-2]) if len(energies) > 1 else 0.0
            used_up = len(energies) >= most and not change <= limit
            problems.append(
                f"the electrons did not converge ({len(energies)} of at most {most} "
                f"iterations, last change {change:.1e} eV)"
                if used_up
                else None
            )
            element.clear()
    except ET.ParseError:
        pass  # cut off: the whole steps before that are as good as any
    return problems


def _words(
    *, version: str | None, cutoff: str | None, ismear: str | None, sigma: str | None
) -> str:
    words = [f"VASP {version or 'of unknown version'}"]
    words += [f"ENCUT {float(cutoff):g} eV"] if cutoff else []
    words += [f"ISMEAR {ismear}"] if ismear else []
    words += [f"SIGMA {float(sigma):g} eV"] if sigma else []
    return ", ".join(words)


def _output(
    code: str,
    tags: Mapping[str, str | None],
    titles: list[str],
    steps: list[OutputStep],
) -> FinishedOutput:
    kinds = {title.split()[0] for title in titles}
    tag = (tags["GGA"] or "--").upper()
    if tag in FUNCTIONALS:
        functional = FUNCTIONALS[tag]
    elif tag != "--":
        functional = f"GGA={tag}"
    else:
        functional = FUNCTIONALS.get(kinds.pop(), UNSTATED) if len(kinds) == 1 else ""
    functional = functional or UNSTATED
    meta = tags["METAGGA"]
    if meta not in (None, "", "--", "F", "NONE"):
        functional = str(meta)
    if _on(tags["LHFCALC"]):
        functional = f"hybrid of {functional}"
    if _on(tags["LDAU"]):
        functional += "+U"
    ivdw = tags["IVDW"]
    if _on(tags["LUSE_VDW"]):
        functional += "+LUSE_VDW"
    elif ivdw not in (None, "0", D3_BJ):
        functional += f"+IVDW{ivdw}"
    return FinishedOutput(
        code=code,
        functional=functional,
        dispersion=D3 if ivdw == D3_BJ else None,
        potentials={re.split(r"[_.\s]", t.split()[1])[0]: t for t in titles},
        steps=tuple(steps),
    )


def _on(flag: str | None) -> bool:
    return flag is not None and flag.strip(". ").upper().startswith("T")
