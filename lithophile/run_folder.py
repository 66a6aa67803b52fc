"""Run folder: resolved settings, provenance, data, result and figures of one run."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from lithophile.console import plain
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

    """

    path: Path

    @property
    def holds_run(self) -> bool:
        """Whether a run, finished or not, is here already."""
        return any((self.path / name).exists() for name in MARKS)

    def check(self, *, resume: bool, overwrite: bool) -> None:
        """Refuse the folder when it holds a run that may not be touched.

        Nothing is written, so that a command can check its other inputs first.

        Raises
        ------
        InputError
            The folder is a file, holds a run and neither `resume` nor `overwrite`
            is set, or would take more than a run with it.

        """
        if resume and overwrite:
            raise InputError(
                "--resume must stand alone; got --overwrite too. Resume keeps the "
                "run, overwrite deletes it."
            )
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"--out must be a folder; got the file '{self.path}'.")
        if not self.holds_run or resume:
            return
        if not overwrite:
            raise InputError(
                f"--out must not hold a run already; got '{self.path}'. Name another "
                "folder, or add --resume to go on or --overwrite to start again."
            )
        here, there = Path.cwd().resolve(), self.path.resolve()
        if there in (here, *here.parents) or (there / ".git").exists():
            raise InputError(
                f"--overwrite must leave the working folder alone; got '{self.path}'. "
                "Delete the old run by hand."
            )

    @contextmanager
    def cleared(
        self, *, resume: bool = False, overwrite: bool = False
    ) -> Iterator[None]:
        """Make room for a run.

        When the work ends with an `InputError` everything is as it was before: what
        it made is gone, and the run that was to be overwritten is back.
        """
        self.check(resume=resume, overwrite=overwrite)
        aside = self.path.with_name(f".{self.path.name}.replaced")
        if overwrite and self.holds_run:
            shutil.rmtree(aside, ignore_errors=True)
            self.path.rename(aside)
        existed = self.path.exists()
        before = set(self.path.iterdir()) if existed else set()
        try:
            yield
        except InputError:
            made = set(self.path.iterdir()) if self.path.exists() else set()
            for child in made - before:
                _remove(child)
            if self.path.exists() and not existed:
                self.path.rmdir()
            if aside.exists():
                aside.rename(self.path)
            raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    @contextmanager
    def opened(
        self,
        *,
        settings: BaseModel,
        provenance: Mapping[str, Any],
        resume: bool = False,
        overwrite: bool = False,
    ) -> Iterator[None]:
        """Make the folder and write down what is about to be done there."""
        with self.cleared(resume=resume, overwrite=overwrite):
            self.path.mkdir(parents=True, exist_ok=True)
            self._describe(settings, provenance, resume=resume)
            yield

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


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old or the new one, never half."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file in one piece."""
    write_text(path, json.dumps(plain(content), indent=2, ensure_ascii=False) + "\n")
