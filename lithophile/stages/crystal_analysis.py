"""Crystal stage: what structures are, and which of them are the same."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.io import write

from lithophile.crystal_settings import CrystalSettings
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.stages.inputs import crystal_path, read_crystal
from structures.coordination import coordination
from structures.crystal_files import check_crystal
from structures.description import describe_crystal
from structures.duplicates import find_duplicates
from structures.matching import MatchCriteria
from structures.polyhedra import polyhedra, shared_edges
from training_data import InputError, read_structures

SEVERAL_FRAMES = {".extxyz", ".xyz", ".traj", ".db"}
DISTINCT = "distinct.extxyz"


def crystal_stage(
    settings: CrystalSettings, *, out: Path | None, overwrite: bool
) -> dict[str, Any]:
    """Describe every structure and group the duplicates."""
    if not settings.structures:
        raise InputError(
            "structures must name at least one; got none. Give a prototype or a file."
        )
    folder = RunFolder(
        out or beside(settings.structures[0], "crystal"), resumable=False
    )
    again = overwrite or out is None
    folder.check(resume=False, overwrite=again)
    paths = [crystal_path(name) for name in settings.structures]
    folder.spare(paths, overwrite=again)
    named = _read(settings.structures)
    entries: list[dict[str, Any]] = []
    sound: list[Atoms] = []
    failures: list[dict[str, str]] = []
    for name, atoms in named:
        try:
            entries.append({"path": name, **_described(atoms, settings)})
        except InputError as error:
            failures.append({"id": name, "reason": str(error)})
        else:
            sound.append(atoms)
    if not entries:
        raise InputError(
            f"structures must hold one that is a crystal; got {failures[0]['id']}: "
            f"{failures[0]['reason']}"
        )
    found = find_duplicates(
        sound,
        criteria=MatchCriteria(
            scale=settings.scale,
            site_tolerance_A=settings.site_tolerance_A,
            fingerprint_tolerance=settings.fingerprint_tolerance,
        ),
    )
    for group, members in enumerate(found.groups):
        for index in members:
            entries[index]["group"] = group
    record = provenance(
        command="analyze crystal",
        seeds={},
        inputs=dict(zip(settings.structures, paths, strict=True)),
    )
    with folder.opened(settings=settings, provenance=record, overwrite=again):
        path = folder.path / DISTINCT
        write(path, [_bare(sound[i]) for i in found.representatives], format="extxyz")
        return folder.finish(
            {
                "structures": entries,
                "n_distinct": len(found.groups),
                "groups": [
                    [entries[index]["path"] for index in members]
                    for members in found.groups
                ],
                "distinct": path,
                "failures": failures,
            }
        )


def beside(name: str, prefix: str) -> Path:
    """Folder of an analysis beside the file that it is of.

    That of a prototype is in the working folder.
    """
    path = crystal_path(name)
    if path is None:
        return Path(f"{prefix}-{name}")
    return path.parent / f"{prefix}-{path.name}"


def _read(names: Sequence[str]) -> list[tuple[str, Atoms]]:
    """Structures with names; all frames of files that hold several."""
    named = []
    for name in names:
        path = crystal_path(name)
        if path is not None and path.suffix in SEVERAL_FRAMES and path.is_file():
            frames = read_structures(path)
            many = len(frames) > 1
            named += [
                (f"{name}#{i}" if many else name, atoms)
                for i, atoms in enumerate(frames)
            ]
        else:
            named.append((name, read_crystal(name)))
    return named


def _described(atoms: Atoms, settings: CrystalSettings) -> dict[str, Any]:
    """Numbers of one crystal; what has no ligands has no polyhedra."""
    check_crystal(atoms, name="structure")
    described = describe_crystal(atoms, tolerance_A=settings.tolerance_A).to_json()
    centre, ligand = settings.centre, settings.ligand
    try:
        around = coordination(atoms, centre=centre, ligand=ligand).to_json()
        linked = polyhedra(atoms, centre=centre, ligand=ligand).to_json()["links"]
        kinds = [centre] if centre else list(around["centres"])
        edges = {kind: len(shared_edges(atoms, kind, ligand=ligand)) for kind in kinds}
    except InputError as error:
        if centre or ligand:
            raise
        return {**described, "coordination": None, "no_coordination": str(error)}
    return {
        **described,
        "coordination": around["centres"],
        "cutoffs_A": around["cutoffs_A"],
        "links": linked,
        "shared_edges": edges,
    }


def _bare(atoms: Atoms) -> Atoms:
    """Structure without results of a calculator, which would not be its own."""
    copy = atoms.copy()
    copy.calc = None
    return copy
