"""Run folder: resolved settings, provenance, data, result and figures of one run."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from pydantic import BaseModel

from lithophile.claim import Claim, set_aside
from lithophile.console import plain
from lithophile.early_signals import StoppedEarly
from lithophile.interrupted import Interrupted
from training_data.errors import InputError

SETTINGS = "config.yaml"
PROVENANCE = "provenance.json"
RESULT = "result.json"
STOPPED = "stopped.json"
FIGURES = "figures"
MARKS = (SETTINGS, PROVENANCE, RESULT, "trajectory.h5", "trajectory")


@dataclass(frozen=True)
class RunFolder:
    """Folder of one run, or of one stage of a run.

    Parameters
    ----------
    path
        The folder.
    resumable
        Whether the command can go on with a run that was stopped.

    """

    path: Path
    resumable: bool = True

    @property
    def holds_run(self) -> bool:
        """Whether a run, finished or not, is here already."""
        return any((self.path / name).exists() for name in MARKS)

    def check(self, *, resume: bool, overwrite: bool) -> None:
        """Refuse the folder when it cannot be used or holds a run to be left alone.

        Nothing stays written, so that a command can check its other inputs first.

        Raises
        ------
        InputError
            The folder is a file, cannot be made or written, holds a run and neither
            `resume` nor `overwrite` is set, or would take more than a run with it.

        """
        if resume and overwrite:
            raise InputError(
                "--resume must stand alone; got --overwrite too. Resume keeps the "
                "run, overwrite deletes it."
            )
        with self._writable():
            if self.path.exists() and not self.path.is_dir():
                raise InputError(f"--out must be a folder; got the file '{self.path}'.")
            self._refuse_run(resume=resume, overwrite=overwrite)
            with TemporaryDirectory(prefix=".lithophile-", dir=self._nearest()):
                pass

    def _refuse_run(self, *, resume: bool, overwrite: bool) -> None:
        aside = set_aside(self.path)
        if aside and not self.path.exists():
            raise InputError(
                f"--out must have no run set aside; got '{aside[-1]}', which was "
                f"'{self.path}' until a run with --overwrite was killed. Move it back, "
                "or delete it."
            )
        if not self.holds_run or resume:
            return
        if not overwrite:
            or_what = "--resume to go on or --overwrite to start again"
            if not self.resumable:
                or_what = "--overwrite to start again"
            raise InputError(
                f"--out must not hold a run already; got '{self.path}'. Name another "
                f"folder, or add {or_what}."
            )
        here, there = Path.cwd().resolve(), self.path.resolve()
        if there in (here, *here.parents) or (there / ".git").exists():
            raise InputError(
                f"--overwrite must leave the working folder alone; got '{self.path}'. "
                "Delete the old run by hand."
            )

    def _nearest(self) -> Path:
        """Folder itself, or the nearest one above it that exists."""
        return next(
            folder for folder in (self.path, *self.path.parents) if folder.exists()
        )

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(
                f"--out must be a folder that can be written; got '{self.path}' "
                f"({error.strerror or error}). Name another folder."
            ) from None

    def spare(self, inputs: Iterable[Path | str | None], *, overwrite: bool) -> None:
        """Refuse to overwrite what the new run is to be made from.

        Raises
        ------
        InputError
            One of the inputs lies in the run that would be deleted.

        """
        if not (overwrite and self.holds_run):
            return
        there = self.path.resolve()
        for given in inputs:
            if given is not None and Path(given).resolve().is_relative_to(there):
                raise InputError(
                    f"--overwrite must leave the input alone; got --out '{self.path}', "
                    f"which holds '{given}'. Name another folder."
                )

    @contextmanager
    def cleared(
        self, *, resume: bool = False, overwrite: bool = False
    ) -> Iterator[Claim]:
        """Make room for a run.

        When the work ends with an `InputError` before it has begun, everything is as
        it was before: what it made is gone, and what it changed is back; so it is
        after a signal that came as early. After any other error settings and
        provenance of a run that was to be resumed are those from before. A run that
        was to be overwritten comes back after any other error too; it is deleted
        once the new one has come to an end, or to a stop that it can go on from.
        """
        self.check(resume=resume, overwrite=overwrite)
        with self._writable():
            claim = Claim(
                self.path,
                overwrite=overwrite and self.holds_run,
                notes=(self.path / SETTINGS, self.path / PROVENANCE),
            )
        try:
            yield claim
        except Interrupted:
            claim.settle()
            raise
        except BaseException as error:
            if isinstance(error, StoppedEarly):
                error.begun = error.begun or claim.begun
            refused = isinstance(error, InputError | StoppedEarly)
            if not claim.begun and (refused or claim.overwrites):
                claim.give_back()
            elif not claim.begun:
                claim.give_notes_back()
            elif claim.overwrites:
                older = set_aside(self.path)[-1]
                error.add_note(f"The run that was there before is in '{older}'.")
            raise
        claim.settle()

    @contextmanager
    def opened(
        self,
        *,
        settings: BaseModel,
        provenance: Mapping[str, Any],
        resume: bool = False,
        overwrite: bool = False,
    ) -> Iterator[Claim]:
        """Make the folder and write down what is about to be done there."""
        with self.cleared(resume=resume, overwrite=overwrite) as claim:
            with self._writable():
                self.path.mkdir(parents=True, exist_ok=True)
                self._describe(settings, provenance, resume=resume)
            yield claim

    def _describe(
        self, settings: BaseModel, provenance: Mapping[str, Any], *, resume: bool
    ) -> None:
        values = plain(settings.model_dump(mode="json"))
        earlier = self.read(PROVENANCE) if resume else None
        if earlier:
            resumed = [*earlier.get("resumed", []), dict(provenance)]
            provenance = {**earlier, "resumed": resumed}
        write_text(
            self.path / SETTINGS,
            yaml.safe_dump(values, sort_keys=False, allow_unicode=True),
        )
        write_json(self.path / PROVENANCE, provenance)

    def finish(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Write `result.json`, the mark of a finished run; return its content."""
        content: dict[str, Any] = plain(result)
        write_json(self.path / RESULT, content)
        (self.path / STOPPED).unlink(missing_ok=True)
        return content

    def figure(self, name: str) -> Path:
        """Path for the figure `name` (PNG); its folder is made."""
        folder = self.path / FIGURES
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{name}.png"

    def read(self, name: str = RESULT) -> dict[str, Any] | None:
        """Content of one of the folder's JSON or YAML files; ``None`` if absent."""
        path = self.path / name
        if not path.is_file():
            return None
        text = path.read_text(encoding="utf-8")
        try:
            content = (
                json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
            )
        except (json.JSONDecodeError, yaml.YAMLError) as error:
            raise InputError(
                f"{name} must be readable; got '{path}' ({error}). "
                "Start the run again with --overwrite."
            ) from None
        return content if isinstance(content, dict) else None


def write_text(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old or the new one, never half."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file in one piece."""
    write_text(path, json.dumps(plain(content), indent=2, ensure_ascii=False) + "\n")
