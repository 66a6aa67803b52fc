"""A MACE network computed by the package fastmace, on NVIDIA GPUs."""

import contextlib
import importlib
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch  # noqa: TID253 (imported only once a network is wanted)
from ase import Atoms

from mlip.ase_potential import AsePotential
from mlip.engine import EngineReport, EngineUnavailableError, require_package
from mlip.evaluation import Prediction
from mlip.potential import Potential, Session
from training_data.errors import InputError

if TYPE_CHECKING:
    from mlip.mace_potential import MacePotential

_PRECISION = {torch.float32: "float32", torch.float64: "float64"}


class FastmacePotential(Potential):
    """Potential of a MACE network through fastmace's ASE calculator.

    fastmace compiles the network for one structure and runs it with
    cuEquivariance. Its calculator is what is used here, since lithophile's own
    guards and checkpoints need the state after every step; its faster loop with
    CUDA graphs, which keeps the state on the GPU, is not.

    Parameters
    ----------
    base
        The network.
    report
        What to say about the engine.

    Raises
    ------
    EngineUnavailableError
        When fastmace or a GPU is missing.

    Notes
    -----
    Written against fastmace 1.0.0 and never run by lithophile's own tests: compare
    with :func:`mlip.startup_gate.check_against_reference`, as ``lithophile md`` does.

    """

    def __init__(self, base: "MacePotential", *, report: EngineReport) -> None:
        if not base.device.startswith("cuda"):
            message = (
                f"fastmace computes on NVIDIA GPUs, and the device is {base.device}"
            )
            raise EngineUnavailableError(message)
        require_package("fastmace", "fastmace")
        fastmace = importlib.import_module("fastmace")
        calculators = importlib.import_module("fastmace.ase")
        # our own network, written by us a moment ago: this pickle can be trusted
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.redirect_stdout(sys.stderr),
        ):
            path = Path(folder) / "network.model"
            torch.save(base.model, path)
            loaded = fastmace.load(str(path), trusted=True)
        precision = _PRECISION[base.dtype]
        self._inner = AsePotential(
            lambda: calculators.FastMACECalculator(loaded, precision=precision),
            name=base.name,
            species=base.species,
            level=base.level,
        )
        self.name = base.name
        self.species = base.species
        self.level = base.level
        self.fingerprint = ", ".join(filter(None, (base.fingerprint, "fastmace")))
        self.engine = replace(report, used="fastmace")

    def _predict(self, structures: Sequence[Atoms]) -> list[Prediction | str]:
        for atoms in structures:
            _require_periodic(atoms)
        with contextlib.redirect_stdout(sys.stderr):
            return self._inner._predict(structures)  # noqa: SLF001 (a thin shell)

    def session(self, atoms: Atoms) -> Session:
        """Session with a calculator of its own."""
        _require_periodic(atoms)
        return self._inner.session(atoms)


def _require_periodic(atoms: Atoms) -> None:
    if not atoms.pbc.all():
        message = (
            "structure must be periodic in three directions for the engine fastmace; "
            f"got pbc {atoms.pbc.tolist()}. Use another engine."
        )
        raise InputError(message)
