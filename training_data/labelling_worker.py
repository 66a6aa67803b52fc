"""Calculation process: single points in an environment of their own.

Started by `training_data.labelling_process` with the interpreter in which the code is
installed, as a file: it needs ASE, NumPy and the code, nothing of this repository.
Requests and answers are JSON objects, one a line; numbers survive both ways bit for
bit. Whatever else is printed goes to the standard error stream.
"""

import ctypes
import importlib
import json
import os
import signal
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from ase import Atoms

PR_SET_PDEATHSIG = 1
UNCONVERGED = ("convergence NOT achieved", "SCF run NOT converged")
"""What Quantum ESPRESSO and CP2K write when the electrons did not converge."""
LARGEST_LOG_BYTES = 100_000_000


def die_with_parent() -> None:
    """End this process and all that it started when the parent is gone.

    A signal that the whole batch job gets is the parent's to answer: a calculation
    that ended for it would look like one that failed.
    """
    parent = os.getppid()

    def end(_number: int, _frame: object) -> None:
        if os.getppid() != parent:
            os.killpg(os.getpgrp(), signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError, AttributeError):  # elsewhere than on Linux: at the next line
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def open_class(name: str) -> type:
    """Class of a calculator by its dotted name."""
    module, _, attribute = name.rpartition(".")
    found: type = getattr(importlib.import_module(module), attribute)
    return found


def greet(request: dict[str, Any]) -> dict[str, Any]:
    """Import the calculator and tell the versions of what will compute."""
    open_class(request["calculator"])
    if request["reproducible"]:
        fix_fourier_plans(request["calculator"])
    versions = {}
    for package in {request["calculator"].split(".")[0], "ase", *request["packages"]}:
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return {"versions": versions}


def prepare(request: dict[str, Any]) -> dict[str, Any]:
    """Make the calculator as for a structure, to see whether it can be made."""
    os.chdir(request["folder"])
    name = request["calculator"]
    calculator = open_class(name)(**prepared_arguments(request))
    if not hasattr(calculator, "get_potential_energy"):
        raise TypeError(f"{name} makes no ASE calculator")
    if name.endswith(".Vasp"):
        calculator.make_command()  # else missed only when a structure is computed
    close = getattr(calculator, "close", None)
    if callable(close):
        close()
    return {}


def fix_fourier_plans(calculator: str) -> None:
    """Choose GPAW's Fourier transforms by rule and not by trial.

    By default FFTW times several and takes the fastest, a different one from day to
    day: energies then differ by 1e-12 eV from one run to the next.
    """
    if calculator.startswith("gpaw."):
        with suppress(ImportError, AttributeError):
            fftw = importlib.import_module("gpaw.fftw")
            fftw.FFTWPlans._overwrite_flags = fftw.ESTIMATE  # noqa: SLF001


def prepared_arguments(request: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments of the calculator for one structure."""
    arguments = dict(request["arguments"])
    name = request["calculator"]
    if request["kpts"] is not None:
        arguments["kpts"] = tuple(request["kpts"])
    if name.startswith("gpaw."):
        arguments["txt"] = "gpaw.txt"
    if name.endswith(".Espresso") and isinstance(arguments.get("profile"), dict):
        profile = open_class("ase.calculators.espresso.EspressoProfile")
        arguments["profile"] = profile(**arguments["profile"])
    return arguments


def refuse_unconverged(calculator: object) -> None:
    """Raise where the calculator or the files here say that nothing converged."""
    if getattr(calculator, "converged", None) is False:
        raise RuntimeError("the electrons did not converge")
    for path in Path().iterdir():
        small = path.is_file() and path.stat().st_size < LARGEST_LOG_BYTES
        if small and path.suffix in {".out", ".pwo", ".log", ".txt"}:
            text = path.read_text(encoding="utf-8", errors="replace")
            if any(words in text for words in UNCONVERGED):
                raise RuntimeError(f"the electrons did not converge ({path.name})")


def evaluate(request: dict[str, Any]) -> dict[str, Any]:
    """Energy, forces and stress of one structure, in the folder that is named."""
    from ase import Atoms  # noqa: PLC0415  (the greeting answers for a missing ASE)

    os.chdir(request["folder"])
    atoms = Atoms(
        numbers=request["numbers"],
        positions=request["positions"],
        cell=request["cell"],
        pbc=request["pbc"],
        magmoms=request["magmoms"],
    )
    calculator = open_class(request["calculator"])(**prepared_arguments(request))
    atoms.calc = calculator
    try:
        energy = free_energy(atoms)
        forces = atoms.get_forces()
        stress = atoms.get_stress(voigt=True).tolist() if request["stress"] else None
        refuse_unconverged(calculator)
        return {"energy": energy, "forces": forces.tolist(), "stress": stress}
    finally:
        close = getattr(calculator, "close", None)  # of a program that waits for more
        if callable(close):
            close()
        os.chdir("/")


def free_energy(atoms: "Atoms") -> float:
    """Energy of which the forces are the derivative, where electrons are smeared."""
    from ase.calculators.calculator import (  # noqa: PLC0415
        PropertyNotImplementedError,
    )

    try:
        return float(atoms.get_potential_energy(force_consistent=True))
    except PropertyNotImplementedError:
        return float(atoms.get_potential_energy())


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Answer one request; what goes wrong is part of the answer."""
    try:
        tasks = {"greet": greet, "prepare": prepare, "evaluate": evaluate}
        return tasks[request["task"]](request)
    except Exception as error:  # noqa: BLE001  (codes raise whatever they meet)
        text = " ".join(str(error).split()) or "no message (SCF steps used up?)"
        return {"error": f"{type(error).__name__}: {text}"[:500]}


def evaluate_apart(request: dict[str, Any], channel: TextIO) -> None:
    """Answer in a copy of this process as it was after the imports.

    Whatever a calculation leaves behind in memory, down to the places of arrays on
    which the order of a sum depends, is gone for the next one: a label does not depend
    on which structures came before it. A crash ends the copy alone.
    """
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGTERM, lambda *_: None)
            channel.write(json.dumps(answer(request)) + "\n")
            channel.flush()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    died = os.waitstatus_to_exitcode(status)
    if died:
        channel.write(json.dumps({"died": died}) + "\n")
        channel.flush()


def main() -> None:
    """Answer requests until there are no more."""
    die_with_parent()
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)  # mpirun reads what it can get
    for line in requests:
        request = json.loads(line)
        if request["task"] == "greet":
            channel.write(json.dumps(answer(request)) + "\n")
            channel.flush()
        else:
            evaluate_apart(request, channel)


if __name__ == "__main__":
    main()
