"""When a descent is over, and what it is made of."""

from collections.abc import Generator
from dataclasses import dataclass

from ase import Atoms

from mlip.evaluation import Prediction
from structures.relaxation_space import Point
from training_data.errors import Failure

#: Generator that yields structures, receives predictions, and returns the last
#: accepted structure, its point, the number of evaluations, and what stopped it.
Descent = Generator[
    Atoms, Prediction | Failure, tuple[Atoms, Point, int, Failure | None]
]


@dataclass(frozen=True, kw_only=True)
class Rest:
    """When a structure counts as relaxed.

    Parameters
    ----------
    fmax_eV_per_A
        Largest force left on a free atom [eV/Å].
    stress_max_eV_per_A3
        Largest free component of the stress left [eV/Å³].
    max_steps
        Evaluations after the first.

    """

    fmax_eV_per_A: float
    stress_max_eV_per_A3: float
    max_steps: int

    def reached(self, point: Point) -> bool:
        """Whether forces and stress are small enough.

        Parameters
        ----------
        point
            Gradient at a structure.

        """
        return (
            point.fmax <= self.fmax_eV_per_A
            and point.stress_max <= self.stress_max_eV_per_A3
        )
