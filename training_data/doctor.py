"""Doctor: what is wrong with a set of labelled configurations."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from training_data.doctor_checks import (
    check_coverage,
    check_distances,
    check_isolated,
    check_keys,
    check_levels,
    check_sizes,
)
from training_data.doctor_collection import MAX_ATOMS_KEPT, Collection
from training_data.doctor_copies import check_copies
from training_data.doctor_energies import check_energy_outliers, check_jumps
from training_data.doctor_forces import (
    check_energy_unit,
    check_forces,
    link_slopes,
)
from training_data.doctor_frames import read_frames
from training_data.doctor_links import find_links
from training_data.doctor_pair_model import pair_forces
from training_data.doctor_report import DoctorReport, Finding, finding
from training_data.doctor_stress import check_stress
from training_data.errors import InputError

ORDER = ("fail", "warn", "untested", "ok")
EVERY = 200


def examine_dataset(
    *paths: str | Path,
    max_atoms: int = MAX_ATOMS_KEPT,
    progress: Callable[[int], None] | None = None,
) -> DoctorReport:
    r"""Health of a set of labelled configurations, however its labels are written.

    Nothing is changed and nothing is refused: labels under other keys, missing or
    spoilt ones become findings. Frames are read one after the other; only positions,
    forces and a few numbers of each are kept, in single precision.

    Parameters
    ----------
    *paths
        Extended XYZ files, or any that ASE reads with labels. Several files are taken
        for the parts of a split; so are frames that name theirs under ``split``,
        ``tag``, ``set``, ``subset`` or ``partition``.
    max_atoms
        Positions and forces of the first frames with so many atoms together are kept;
        checks that compare frames with others see those alone.
    progress
        Called with the number of frames read.

    Returns
    -------
    DoctorReport
        Findings, verdict, and distances at which elements meet.

    Raises
    ------
    InputError
        When a file is missing, or holds not even one frame.

    Notes
    -----
    Sign and unit of the stress and the zero of the energy are judged from the labels
    themselves. Between two near frames, the difference of the energies must be the work
    of the forces and of the stress (`find_links`), and the stress must follow the
    virial of a pair model that was fitted to the forces alone (`pair_forces`). Where
    neither can be had the finding says ``untested``.

    Examples
    --------
    >>> from training_data import shipped_path
    >>> report = examine_dataset(shipped_path())
    >>> report.verdict, report.of("stress_sign")[0].severity
    ('warn', 'ok')

    """
    if not paths:
        raise InputError("paths must name a file; got none. Give an extxyz file.")
    collected = Collection(max_atoms=max_atoms)
    stopped: list[Finding] = []
    for frame in read_frames([Path(path) for path in paths]):
        if isinstance(frame, InputError):
            stopped.append(finding("readable", "fail", str(frame)))
            continue
        collected.add(frame)
        if progress is not None and collected.n_frames % EVERY == 0:
            progress(collected.n_frames)
    if not collected.n_frames:
        raise InputError(
            f"{', '.join(map(str, paths))} must hold at least one configuration; got "
            "an empty file. Was it copied completely?"
        )
    findings = [*stopped, *check_keys(collected), *check_levels(collected)]
    findings += [*check_isolated(collected), *check_distances(collected)]
    findings += check_sizes(collected)
    links = find_links(collected)
    model = pair_forces(collected)
    about_forces, trusted, odd = check_forces(model)
    # forces that do not belong to their positions do no work along a link
    telling = links.where(~(np.isin(links.first, odd) | np.isin(links.second, odd)))
    slopes = link_slopes(telling)
    about_stress, measured = check_stress(collected, model, slopes, trusted=trusted)
    sound = all(
        each.severity == "ok"
        for each in about_stress
        if each.check in {"stress_sign", "stress_unit"}
    )
    jumps = check_jumps(
        collected,
        telling,
        slopes,
        trusted=trusted,
        stress_sound=sound,
        forces_sound=not odd,
    )
    off = [index for each in jumps for index in each.frames]
    findings += [
        *about_forces,
        *check_energy_unit(slopes, trusted=trusted),
        *about_stress,
        *jumps,
        *check_energy_outliers(collected, jumps=off),
        *check_copies(collected, links),
    ]
    coverage, pairs = check_coverage(collected)
    findings += coverage
    kept = sum(positions is not None for positions in collected.positions)
    if kept < collected.n_frames:
        said = f"checks between frames saw the first {kept} of {collected.n_frames}."
        findings.append(finding("memory", "untested", said))
    measured |= {
        "energy_over_force_work": slopes.force,
        "n_links": slopes.n_links,
        "force_cosine_median": float(np.median(model.correlation))
        if len(model.correlation)
        else None,
    }
    return DoctorReport(
        findings=tuple(sorted(findings, key=lambda each: ORDER.index(each.severity))),
        n_frames=collected.n_frames,
        n_atoms=int(collected.n_atoms.sum()),
        elements=tuple(collected.symbols),
        pairs=pairs,
        measured=measured,
    )
