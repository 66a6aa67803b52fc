"""Finished calculations: labels from the outputs of DFT codes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from ase import Atoms

from training_data.errors import Failure, InputError
from training_data.finished_gpaw import read_gpaw_text, read_gpw
from training_data.finished_output import FinishedOutput
from training_data.finished_plane_waves import read_cp2k, read_espresso
from training_data.finished_vasp import read_outcar, read_vasprun
from training_data.frame_hash import as_written
from training_data.label_store import LabelStore
from training_data.labelled_frame import check_label, labelled_frame
from training_data.labelling import LabellingResult
from training_data.labelling_process import CalculationError
from training_data.labelling_settings import LabellingSettings

Steps = Literal["last", "all"]
SNIFFED = 20_000
SIGNS: tuple[tuple[str, str], ...] = (
    ("<modeling>", "vasprun.xml"),
    ("Program PWSCF", "Quantum ESPRESSO"),
    ("CP2K|", "CP2K"),
    ("ABACUS", "ABACUS"),
    ("|__ |  _|", "GPAW"),
    ("|__||  |", "GPAW"),
    (" vasp.", "OUTCAR"),
)
"""Words near the head of a file, and what writes them."""
READERS: Mapping[str, Callable[[Path], FinishedOutput]] = {
    "vasprun.xml": read_vasprun,
    "OUTCAR": read_outcar,
    "gpw": read_gpw,
    "GPAW": read_gpaw_text,
    "Quantum ESPRESSO": read_espresso,
    "CP2K": read_cp2k,
}


def read_finished_calculation(
    path: str | Path,
    *,
    steps: Steps = "last",
    functional: str | None = None,
    config_type: str | None = None,
    max_force_eV_per_A: float = 50.0,
) -> tuple[Atoms, ...]:
    """Labelled structures of an output file.

    Parameters
    ----------
    path
        vasprun.xml, OUTCAR, .gpw, or the text output of GPAW, CP2K (single points) or
        Quantum ESPRESSO's pw.x.
    steps
        The last structure of a relaxation or of dynamics, or all of them.
    functional
        Name of the functional; by default what the file says.
    config_type
        Kind of system, kept with the labels.
    max_force_eV_per_A
        Largest force accepted on one atom [eV/Å].

    Returns
    -------
    tuple of ase.Atoms
        With ``REF_energy`` (eV; the free energy, of which the forces are the
        derivative), ``REF_forces`` (eV/Å), ``REF_stress`` where the file has it
        (eV/Å³, tensile positive), level of theory, ``potentials``, and the file as
        ``parent``, so that no split divides its frames.

    Raises
    ------
    InputError
        The file is missing or of another kind, holds no forces, or one of the steps
        that are asked for did not converge.

    """
    path = Path(path)
    output = _read(path)
    chosen = output.steps if steps == "all" else output.steps[-1:]
    if not chosen:
        raise InputError(
            f"'{path}' must hold a structure with energy and forces; got none. Did the "
            "calculation come to its end?"
        )
    first = len(output.steps) - len(chosen)
    settings = LabellingSettings(
        code="finished.calculation", functional=functional or output.functional
    )
    frames = []
    for number, step in enumerate(chosen, start=first):
        if step.problem is not None:
            raise InputError(
                f"step {number} of '{path}' must be converged; got: {step.problem}. "
                "Compute it again, or leave the file out."
            )
        atoms = as_written(step.atoms)
        atoms.info = {
            "config_type": config_type or "unspecified",
            "parent": path.as_posix(),
            "group_id": f"{path.as_posix()}/{number}",
        }
        frame = labelled_frame(
            atoms, step.point, settings=settings, level=output.code, kpts=None
        )
        try:
            check_label(frame, max_force_eV_per_A=max_force_eV_per_A)
        except CalculationError as error:
            raise InputError(
                f"step {number} of '{path}' must be a label; got: {error}. Leave the "
                "file out."
            ) from None
        if output.dispersion:
            frame.info["dispersion"] = output.dispersion
        if output.potentials:
            frame.info["potentials"] = dict(output.potentials)
        frames.append(frame)
    return tuple(frames)


def collect_finished_calculations(
    paths: Sequence[str | Path],
    out: str | Path,
    *,
    steps: Steps = "last",
    functional: str | None = None,
    config_type: str | None = None,
) -> LabellingResult:
    """Labels of many output files, appended to one file.

    Structures that the file holds already are left out, so that the same call can be
    made again while calculations come in.

    Parameters
    ----------
    paths
        Output files, see `read_finished_calculation`.
    out
        Extended XYZ file of labels, new or from an earlier call.
    steps
        The last structure of each file, or all of them.
    functional
        Name of the functional; by default what each file says.
    config_type
        Kind of system, kept with the labels.

    Returns
    -------
    LabellingResult
        Counts, and a failure with its reason for every file that gives no label: not
        converged, unreadable, of another level of theory than the labels before it, or
        with another pseudopotential of the same element.

    Raises
    ------
    InputError
        `out` cannot be written, or another process is writing it.

    """
    failures: list[Failure] = []
    counts = dict.fromkeys(("labelled", "new", "skipped"), 0)
    with LabelStore(out) as store:
        level = next(iter(store.levels()), None)
        potentials: dict[str, str] = {}
        for path in paths:
            try:
                frames = read_finished_calculation(
                    path, steps=steps, functional=functional, config_type=config_type
                )
                level = level or _level(frames[0])
                _refuse_mixture(frames[0], level, potentials, path)
            except InputError as error:
                failures.append(Failure(str(path), str(error)))
                continue
            potentials.update(frames[0].info.get("potentials", {}))
            for frame in frames:
                known = frame.info["frame_hash"] in store.hashes
                counts["skipped" if known else "new"] += 1
                counts["labelled"] += 1
                if not known:
                    store.append(_written(frame))
        return LabellingResult(
            labels=store.path,
            n_labelled=counts["labelled"],
            n_new=counts["new"],
            n_new_failed=len(failures),
            n_skipped=counts["skipped"],
            n_failed=len(failures),
            n_waiting=0,
            seconds_per_label=None,
            failures=tuple(failures),
            level_of_theory=f"{level[0]} ({level[1]})" if level else "none",
        )


def _read(path: Path) -> FinishedOutput:
    if not path.is_file():
        raise InputError(
            f"file must exist; got '{path}'. Check the name and the folder "
            f"({Path.cwd()} is the current one)."
        )
    kind = _kind(path)
    if kind is None or kind not in READERS:
        what = f"an output of {kind}" if kind else "something else"
        raise InputError(
            f"'{path}' must be an output of {', '.join(READERS)}; got {what}. Convert "
            "it to extended XYZ with REF_energy (eV), REF_forces (eV/Å) and REF_stress "
            "(eV/Å³, tensile positive)."
        )
    try:
        return READERS[kind](path)
    except InputError:
        raise
    # parsers raise whatever they happen to meet in a file that is cut off
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"'{path}' must be a complete output of {kind}; got one that cannot be "
            f"read: {reason}. Did the calculation come to its end?"
        ) from error


def _kind(path: Path) -> str | None:
    """Tell what wrote a file."""
    if path.suffix == ".gpw":
        return "gpw"
    with path.open(encoding="utf-8", errors="replace") as handle:
        head = handle.read(SNIFFED)
    return next((kind for sign, kind in SIGNS if sign in head), None)


def _level(frame: Atoms) -> tuple[str, str]:
    return str(frame.info["functional"]), str(frame.info["code"])


def _refuse_mixture(
    frame: Atoms,
    level: tuple[str, str],
    potentials: Mapping[str, str],
    path: str | Path,
) -> None:
    if _level(frame) != level:
        got = _level(frame)
        raise InputError(
            f"'{path}' must be at the level of the labels before it, {level[0]} "
            f"({level[1]}); got {got[0]} ({got[1]}). Collect it into another file."
        )
    for element, name in frame.info.get("potentials", {}).items():
        if potentials.get(element, name) != name:
            raise InputError(
                f"'{path}' must have the pseudopotential {potentials[element]!r} of "
                f"the labels before it; got {name!r}. Collect it into another file."
            )


def _written(frame: Atoms) -> Atoms:
    """Frame whose pseudopotentials are one line of text."""
    copy: Atoms = frame.copy()
    named = copy.info.pop("potentials", None)
    if named:
        copy.info["potentials"] = "; ".join(f"{k}: {v}" for k, v in named.items())
    return copy
