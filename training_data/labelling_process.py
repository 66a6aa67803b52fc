"""Calculations in another process, which may be another environment."""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import numpy as np
from ase import Atoms

from training_data.errors import InputError
from training_data.labelling_settings import LabellingSettings

WORKER = Path(__file__).with_name("labelling_worker.py")
GPAW_PYTHON = "LITHOPHILE_GPAW_PYTHON"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
TAIL_BYTES = 400
STARTING_S = 300.0


class CalculationError(RuntimeError):
    """A calculation that gave no result, with the reason."""


@dataclass(frozen=True, kw_only=True)
class SinglePoint:
    """Energy of one structure and its derivatives.

    Parameters
    ----------
    energy
        Energy of which the forces are the derivative, eV.
    forces
        Forces in eV/Å, shape (n_atoms, 3).
    stress
        Stress in eV/Å³, ASE sign and Voigt order, shape (6,), or None.

    """

    energy: float
    forces: np.ndarray
    stress: np.ndarray | None


class CalculationProcess:
    """A process that computes single points, one after the other.

    It ends with this one, however this one ends. A crash of the code, and a
    calculation that takes too long, cost one structure and not the queue.

    Parameters
    ----------
    settings
        Code, arguments and interpreter.
    folder
        Working folder; what it holds is deleted.

    """

    def __init__(self, settings: LabellingSettings, *, folder: Path) -> None:
        self.settings = settings
        self.folder = folder.absolute()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def run_folder(self) -> Path:
        """Folder in which the latest calculation ran."""
        return self.folder / "run"

    def greet(self) -> dict[str, str]:
        """Start the process and import the code.

        Returns
        -------
        dict
            Package → version, where the code runs.

        Raises
        ------
        InputError
            The interpreter does not exist, or the code cannot be imported there.

        """
        return self._imported()

    def prepare(self) -> None:
        """Make the calculator once, as it is made for every structure.

        Raises
        ------
        InputError
            An argument is refused, or a command or a path is missing.

        """
        self.run_folder.mkdir(parents=True, exist_ok=True)
        request = {
            "task": "prepare",
            "calculator": self.settings.calculator,
            "arguments": self.settings.arguments,
            "folder": str(self.run_folder),
            "kpts": None,
        }
        try:
            answer = self._ask(request, timeout_s=STARTING_S)
        except CalculationError as error:
            answer = {"error": str(error)}
        if "error" in answer:
            raise InputError(
                f"settings must be such that {self.settings.code} can start; got "
                f"{answer['error'].rstrip('.')}. Mend `arguments`, or set the "
                "environment variables that the code wants (docs/labelling.md)."
            )

    def _imported(self) -> dict[str, str]:
        request = {
            "task": "greet",
            "calculator": self.settings.calculator,
            "packages": placeholders(self.settings.level or ""),
            "reproducible": self.settings.reproducible,
        }
        try:
            answer = self._ask(request, timeout_s=STARTING_S)
        except CalculationError as error:
            answer = {"error": str(error)}
        if "error" in answer:
            raise InputError(
                f"code must be one that can be used; got {self.settings.code!r} in "
                f"{interpreter(self.settings)}: {answer['error']} Name the environment "
                "in which it is installed (python: /path/to/env/bin/python"
                + (f", or ${GPAW_PYTHON})." if self.settings.code == "gpaw" else ").")
            )
        versions: dict[str, str] = answer["versions"]
        return versions

    def evaluate(
        self, atoms: Atoms, *, kpts: tuple[int, int, int] | None
    ) -> SinglePoint:
        """Single point of one structure.

        Parameters
        ----------
        atoms
            Structure.
        kpts
            Grid of k-points that the code is given; None for none.

        Raises
        ------
        CalculationError
            The code did not converge, crashed, or took too long.

        """
        shutil.rmtree(self.run_folder, ignore_errors=True)
        self.run_folder.mkdir(parents=True)
        if self._process is None or self._process.poll() is not None:
            self.greet()  # starting again is not the time of a structure
        settings = self.settings
        moments = settings.use_magnetic_moments and atoms.has("initial_magmoms")
        request = {
            "task": "evaluate",
            "calculator": settings.calculator,
            "arguments": settings.arguments,
            "folder": str(self.run_folder),
            "kpts": kpts,
            "stress": settings.stress and bool(atoms.pbc.all()),
            "numbers": atoms.numbers.tolist(),
            "positions": atoms.positions.tolist(),
            "cell": atoms.cell.array.tolist(),
            "pbc": atoms.pbc.tolist(),
            "magmoms": atoms.get_initial_magnetic_moments().tolist()
            if moments
            else None,
        }
        minutes = settings.timeout_minutes
        answer = self._ask(request, timeout_s=60.0 * minutes if minutes else None)
        if "error" in answer:
            raise CalculationError(answer["error"])
        stress = answer["stress"]
        return SinglePoint(
            energy=float(answer["energy"]),
            forces=np.array(answer["forces"], dtype=float).reshape(-1, 3),
            stress=None if stress is None else np.array(stress, dtype=float),
        )

    def close(self) -> None:
        """End the process, and everything that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _ask(
        self, request: Mapping[str, Any], *, timeout_s: float | None
    ) -> dict[str, Any]:
        process = self._started()
        if process.stdin is None or process.stdout is None:  # both are pipes
            raise CalculationError("the calculation process has no pipes")
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], timeout_s)
            line = process.stdout.readline() if ready else None
        except BrokenPipeError:
            line = ""
        if line is None:
            self.close()
            minutes = (timeout_s or 0.0) / 60.0
            raise CalculationError(f"not done after {minutes:g} minutes")
        if not line:
            raise CalculationError(self._last_words(process.wait()))
        answer: dict[str, Any] = json.loads(line)
        if "died" in answer:
            raise CalculationError(self._last_words(answer["died"]))
        return answer

    def _started(self) -> "subprocess.Popen[str]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            **dict.fromkeys(THREADS, str(self.settings.threads)),
            "PYTHONHASHSEED": "0",  # the same places in memory in every process
        }
        python = interpreter(self.settings)
        try:
            with (self.folder / "worker.log").open("w", encoding="utf-8") as log:
                self._process = subprocess.Popen(  # noqa: S603  (the user's own)
                    [python, "-u", str(WORKER)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    env=environment,
                    start_new_session=True,
                )
        except OSError as error:
            raise InputError(
                f"python must be an interpreter; got '{python}' "
                f"({error.strerror or error}). Name that of the environment in which "
                f"{self.settings.code} is installed."
            ) from None
        return self._process

    def _last_words(self, status: int) -> str:
        """Say why a calculation ended by itself."""
        text = (self.folder / "worker.log").read_bytes()[-TAIL_BYTES:]
        said = " ".join(text.decode("utf-8", errors="replace").split())
        ending = f"exit status {status}"
        if status < 0:
            ending = f"signal {signal.Signals(-status).name}"
        return f"the calculation process ended with {ending}: {said or 'no message'}"


def interpreter(settings: LabellingSettings) -> str:
    """Interpreter in which the code of the settings runs.

    Parameters
    ----------
    settings
        ``python`` where it is given; for GPAW, where it is not installed here, that in
        the variable LITHOPHILE_GPAW_PYTHON.

    """
    if settings.python:
        return str(Path(settings.python).expanduser())
    elsewhere = os.environ.get(GPAW_PYTHON)
    if settings.code == "gpaw" and elsewhere:
        here = find_spec("gpaw")
        if here is None or here.origin is None:  # a folder of that name is no package
            return elsewhere
    return sys.executable


def placeholders(text: str) -> list[str]:
    """Names in braces.

    Examples
    --------
    >>> placeholders("GPAW {gpaw}, data {gpaw-data}")
    ['gpaw', 'gpaw-data']

    """
    return re.findall(r"\{([\w.-]+)\}", text)
