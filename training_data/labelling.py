"""Labelling: a queue of structures, computed one after the other, kill-proof."""

import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from ase import Atoms

from training_data.errors import Failure, InputError
from training_data.frame_hash import as_written, frame_hash
from training_data.label_store import LabelStore, known_hashes, read_json, write_json
from training_data.labelled_frame import (
    check_label,
    labelled_frame,
    level_in_words,
    refuse_unfit,
)
from training_data.labelling_kpoints import kpoint_grid
from training_data.labelling_process import CalculationError, CalculationProcess
from training_data.labelling_settings import LabellingSettings

Order = Literal["file", "cheapest", "round-robin"]
Report = Callable[[int, int, Mapping[str, Any]], None]


class LabellingStopped(RuntimeError):  # noqa: N818  (the labels made so far are sound)
    """Queue that was ended because one structure after the other failed."""


@dataclass(frozen=True, kw_only=True)
class LabellingResult:
    """What became of the structures of a pool.

    Parameters
    ----------
    labels
        File with the labels.
    n_labelled
        Structures of the pool that have a label in this file, from this call or an
        earlier one.
    n_new
        Those of them that this call computed.
    n_new_failed
        Structures that failed in this call.
    n_skipped
        Structures that other files hold already, or that occur twice in the pool.
    n_failed
        Structures that failed, in this call or an earlier one.
    n_waiting
        Structures left for another call.
    seconds_per_label
        Mean wall time of one label over all calls, s; None where there is none yet.
    failures
        Hash and reason of every structure that failed.
    level_of_theory
        Functional and the words for code and settings; None before the first
        calculation.

    """

    labels: Path
    n_labelled: int
    n_new: int
    n_new_failed: int
    n_skipped: int
    n_failed: int
    n_waiting: int
    seconds_per_label: float | None
    failures: tuple[Failure, ...]
    level_of_theory: str | None

    def to_json(self) -> dict[str, Any]:
        """Numbers, and the failures with their reasons; no file that is not there."""
        there = self.labels.is_file()
        return {**asdict(self), "labels": str(self.labels) if there else None}


def label_queue(
    frames: Sequence[Atoms],
    settings: LabellingSettings,
    out: str | Path,
    *,
    skip: Sequence[str | Path] = (),
    order: Order = "file",
    limit: int | None = None,
    minutes: float | None = None,
    retry_failed: bool = False,
    progress: Report | None = None,
) -> LabellingResult:
    """Labels of structures, appended to a file one by one.

    The same call goes on where an earlier one stopped or was killed: structures are
    recognised by a hash, none is computed twice, and the file becomes the same to the
    last byte. What does not converge, crashes or cannot be right is noted with the
    reason and never becomes a label.

    Parameters
    ----------
    frames
        Structures; ``config_type``, ``parent``, ``sampling`` and ``group_id`` in their
        info go along. ``kpts`` fixes the grid, ``metallic`` its density.
    settings
        Level of theory, see `read_labelling_settings`.
    out
        Extended XYZ file of labels, new or from an earlier call.
    skip
        Label files whose structures need not be computed again.
    order
        "file": as given; "cheapest" first; "round-robin": the cheapest of each
        ``config_type``, then the second of each, so that the labels are balanced
        wherever the queue stops.
    limit
        Most calculations of this call.
    minutes
        Time after which this call starts no further calculation [min].
    retry_failed
        Whether structures that failed before are tried again.
    progress
        Called before the first and after every calculation with (done, all, numbers).

    Returns
    -------
    LabellingResult
        Counts, time per label, failures.

    Raises
    ------
    InputError
        A structure that the settings cannot label, a code that cannot be imported, a
        file with labels of another level or that another process writes: all before
        the first calculation.
    LabellingStopped
        ``stop_after_failures`` structures in a row failed: no label is lost, but
        something is wrong with the settings.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from training_data import LabellingSettings
    >>> emt = LabellingSettings(code="ase.calculators.emt.EMT")
    >>> result = label_queue([bulk("Cu"), bulk("Al")], emt, "emt.extxyz")
    >>> result.n_labelled, result.n_failed
    (2, 0)

    """
    pool = [as_written(atoms) for atoms in frames]
    refuse_unfit(pool, settings=settings)
    elsewhere = known_hashes(skip)
    with LabelStore(out) as store:
        keys = [frame_hash(atoms) for atoms in pool]
        wanted: dict[str, Atoms] = {}
        for key, atoms in zip(keys, pool, strict=True):
            if key not in elsewhere:
                wanted.setdefault(key, atoms)
        waiting = [
            (key, atoms)
            for key, atoms in wanted.items()
            if key not in store.hashes and (retry_failed or key not in store.failures)
        ]
        queue = ordered(waiting, order=order, settings=settings)[:limit]
        run = _Run(store, settings, progress=progress)
        if queue:
            run.label(queue, minutes=minutes)
        return run.result(wanted, n_given=len(pool))


class _Run:
    """One call of the queue."""

    def __init__(
        self, store: LabelStore, settings: LabellingSettings, *, progress: Report | None
    ) -> None:
        self.store = store
        self.settings = settings
        self.progress = progress
        self.notes = read_json(store.notes_path)
        self.n_new = self.n_new_failed = 0
        _refuse_other_settings(self.notes, settings, store)

    def label(
        self, queue: Sequence[tuple[str, Atoms]], *, minutes: float | None
    ) -> None:
        """Work the queue off."""
        folder = self.store.path.with_name(self.store.path.stem + ".working")
        with CalculationProcess(self.settings, folder=folder) as process:
            versions = process.greet()
            process.prepare()
            level = level_in_words(self.settings, versions=versions)
            self._refuse_other_level(level)
            self.notes["settings"] = self.settings.model_dump(mode="json")
            self.notes["level_of_theory"] = level
            self.notes["versions"] = versions
            write_json(self.store.notes_path, self.notes)
            costs = [cost(atoms, settings=self.settings) for _, atoms in queue]
            started, row = time.monotonic(), 0
            self._report(0, queue, {})
            for number, (key, atoms) in enumerate(queue):
                elapsed = time.monotonic() - started
                if minutes is not None and elapsed > 60.0 * minutes:
                    break
                reason = self._one(key, atoms, process, level)
                row = row + 1 if reason else 0
                done = number + 1
                elapsed = time.monotonic() - started
                left = elapsed / sum(costs[:done]) * sum(costs[done:])
                numbers: dict[str, Any] = {
                    "formula": atoms.get_chemical_formula(),
                    "minutes_left": left / 60.0,
                    "failed": len(self.store.failures),
                }
                self._report(done, queue, {**numbers, **_because(reason)})
                if row >= self.settings.stop_after_failures:
                    raise LabellingStopped(
                        f"{row} structures in a row failed, the last one with: "
                        f"{reason} Mend the settings and go on with retry_failed "
                        "(--resume --retry-failed)."
                    )

    def _one(
        self, key: str, atoms: Atoms, process: CalculationProcess, level: str
    ) -> str | None:
        """Label one structure; return why it failed, or None."""
        begun = time.monotonic()
        kpoints = self.settings.kpoints
        grid = kpoint_grid(atoms, kpoints=kpoints) if kpoints else None
        try:
            point = process.evaluate(atoms, kpts=grid)
            labelled = labelled_frame(
                atoms, point, settings=self.settings, level=level, kpts=grid
            )
            check_label(labelled, max_force_eV_per_A=self.settings.max_force_eV_per_A)
        except CalculationError as error:
            self._keep(process, key, failed=True)
            self.store.fail(atoms, key=key, reason=str(error))
            self.n_new_failed += 1
            return str(error)
        self._keep(process, key, failed=False)
        self.store.append(labelled)
        self.n_new += 1
        seconds = float(self.notes.get("seconds", 0.0)) + time.monotonic() - begun
        self.notes["seconds"] = round(seconds, 3)
        self.notes["n_timed"] = int(self.notes.get("n_timed", 0)) + 1
        write_json(self.store.notes_path, self.notes)
        return None

    def _keep(self, process: CalculationProcess, key: str, *, failed: bool) -> None:
        """Keep the files of a calculation, where that is wanted."""
        keep = self.settings.keep_output
        if keep == "none" or (keep == "failed" and not failed):
            return
        files = process.run_folder
        if files.is_dir() and any(files.iterdir()):
            there = self.store.path.with_name(self.store.path.stem + ".output") / key
            shutil.rmtree(there, ignore_errors=True)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(files, there)

    def _refuse_other_level(self, level: str) -> None:
        for functional, code in sorted(self.store.levels()):
            if (functional, code) != (self.settings.functional, level):
                raise InputError(
                    f"out must hold labels of {self.settings.functional} ({level}); "
                    f"got {functional} ({code}) in '{self.store.path}'. Two levels "
                    "have two energy zeros: name another file."
                )

    def _report(
        self,
        done: int,
        queue: Sequence[tuple[str, Atoms]],
        numbers: Mapping[str, Any],
    ) -> None:
        if self.progress is not None:
            self.progress(done, len(queue), numbers)

    def result(self, wanted: Mapping[str, Atoms], *, n_given: int) -> LabellingResult:
        """Count what became of the pool."""
        done = sum(key in self.store.hashes for key in wanted)
        failed = {k: v for k, v in self.store.failures.items() if k in wanted}
        n_timed = int(self.notes.get("n_timed", 0))
        return LabellingResult(
            labels=self.store.path,
            n_labelled=done,
            n_new=self.n_new,
            n_new_failed=self.n_new_failed,
            n_skipped=n_given - len(wanted),
            n_failed=len(failed),
            n_waiting=len(wanted) - done - len(failed),
            seconds_per_label=self.notes["seconds"] / n_timed if n_timed else None,
            failures=tuple(
                Failure(key, entry["reason"]) for key, entry in failed.items()
            ),
            level_of_theory=self._level(),
        )

    def _level(self) -> str | None:
        """Level of the notes, or where they are gone of the labels themselves."""
        level = self.notes.get("level_of_theory")
        if level is not None:
            return f"{self.settings.functional} ({level})"
        for functional, code in sorted(self.store.levels()):
            return f"{functional} ({code})"
        return None


def cost(atoms: Atoms, *, settings: LabellingSettings) -> float:
    """Relative cost of a label: atoms squared times k-points.

    Parameters
    ----------
    atoms
        Structure.
    settings
        Where the grid comes from.

    Examples
    --------
    >>> cost(Atoms("Li2"), settings=LabellingSettings(code="a.B"))
    4.0

    """
    grid = kpoint_grid(atoms, kpoints=settings.kpoints) if settings.kpoints else (1,)
    return float(len(atoms) ** 2 * np.prod(grid))


def ordered(
    queue: Sequence[tuple[str, Atoms]], *, order: Order, settings: LabellingSettings
) -> list[tuple[str, Atoms]]:
    """Queue in the order in which it is worked off.

    Parameters
    ----------
    queue
        Hash and structure.
    order
        See `label_queue`.
    settings
        What the cost of a structure follows from.

    """
    if order == "file":
        return list(queue)
    cheapest = sorted(queue, key=lambda pair: cost(pair[1], settings=settings))
    if order == "cheapest":
        return cheapest
    kinds: dict[str, list[tuple[str, Atoms]]] = defaultdict(list)
    for pair in cheapest:
        kinds[str(pair[1].info.get("config_type"))].append(pair)
    longest = max(map(len, kinds.values()), default=0)
    return [
        pair
        for rank in range(longest)
        for pair in sorted(
            (group[rank] for group in kinds.values() if rank < len(group)),
            key=lambda each: cost(each[1], settings=settings),
        )
    ]


NOT_IN_LABELS = {
    *(
        "python",
        "threads",
        "reproducible",
        "timeout_minutes",
        "stop_after_failures",
        "keep_output",
    ),
    "max_force_eV_per_A",
}
"""Settings that do not change what a label says."""


def _refuse_other_settings(
    notes: Mapping[str, Any], settings: LabellingSettings, store: LabelStore
) -> None:
    earlier = notes.get("settings")
    if not isinstance(earlier, dict) or not store.path.is_file():
        return
    now = settings.model_dump(mode="json")
    other = [k for k in now if k not in NOT_IN_LABELS and now[k] != earlier.get(k)]
    if other:
        raise InputError(
            f"settings must be those of the labels in '{store.path}'; got another "
            f"{', '.join(other)}. Name another file for another level of theory."
        )


def _because(reason: str | None) -> dict[str, str]:
    return {"reason": reason} if reason else {}
