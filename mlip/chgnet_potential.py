"""CHGNet, a universal potential whose weights come with its package."""

import contextlib
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.units import GPa

from mlip.cpu import keep_freed_memory
from mlip.evaluation import Prediction
from mlip.neighbour_list import bounding_box
from mlip.potential import OneShotSession, Potential, Session

_CUTOFF_A = 6.0
_HEAVIEST = 94


class ChgnetPotential(Potential):
    """CHGNet 0.3.0, trained on the Materials Project's relaxations (PBE, PBE+U).

    Its energies contain the Materials Project's corrections (MP2020) and its
    forces are known to be soft; it works in single precision. A structure with
    open directions is put into a box that keeps its images apart.

    Parameters
    ----------
    device
        ``"cpu"`` or ``"cuda"``.

    References
    ----------
    Deng et al., Nat. Mach. Intell. 5, 1031 (2023), doi:10.1038/s42256-023-00716-3.

    """

    def __init__(self, *, device: str = "cpu") -> None:
        keep_freed_memory()
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")
            from chgnet.model.model import CHGNet  # noqa: PLC0415 (seconds to import)

            self._model: Any = CHGNet.load(use_device=device, verbose=False)
        self.name = "chgnet"
        self.level = "PBE+U (Materials Project)"
        self.species = frozenset(chemical_symbols[1 : _HEAVIEST + 1])

    def _predict(self, structures: Sequence[Atoms]) -> list[Prediction | str]:
        outcomes: list[Prediction | str] = [""] * len(structures)
        graphs, indices = [], []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for index, atoms in enumerate(structures):
                try:
                    graphs.append(self._model.graph_converter(_structure(atoms)))
                    indices.append(index)
                except (ValueError, RuntimeError) as error:
                    outcomes[index] = f"CHGNet has no graph of it: {error}"
            if not graphs:
                return outcomes
            answers = self._model.predict_graph(graphs, task="efs")
        answers = answers if isinstance(answers, list) else [answers]
        for index, answer in zip(indices, answers, strict=True):
            outcomes[index] = _prediction(answer, structures[index])
        return outcomes

    def session(self, atoms: Atoms) -> Session:
        """Session that builds CHGNet's graph anew at each call."""
        return OneShotSession(self, atoms)


def _structure(atoms: Atoms) -> Any:  # noqa: ANN401
    from pymatgen.core import Structure  # noqa: PLC0415 (seconds to import)

    box, _ = bounding_box(
        atoms.positions, atoms.cell.array, atoms.pbc, cutoff=_CUTOFF_A
    )
    return Structure(
        box,
        atoms.numbers,
        atoms.positions,
        coords_are_cartesian=True,
        to_unit_cell=True,
    )


def _prediction(answer: dict[str, Any], atoms: Atoms) -> Prediction:
    stress = np.full(6, np.nan)
    if atoms.pbc.all():
        sigma = np.asarray(answer["s"], dtype=float) * GPa
        stress = sigma[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
    return Prediction(
        energy=float(answer["e"]) * len(atoms),
        forces=np.array(answer["f"], dtype=float),
        stress=stress,
    )
