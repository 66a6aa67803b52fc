"""Coverage: where configurations lie by order, density, energy, and from each other."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from ase import Atoms
from ase.units import kg, m
from numpy.typing import NDArray

from training_data.dataset import ENERGY
from training_data.errors import InputError
from training_data.fingerprint import fingerprint, fingerprint_distances
from training_data.order_parameters import steinhardt_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_REFERENCES = 1500
MOST_COLOURS = 9
FAR_PERCENTILE = 95
COLOURS = (
    *("#1f3b4d", "#c8553d", "#4fb0ae", "#e0a458", "#7b5ea7", "#8fb339"),
    *("#3a7bd5", "#e58fb1", "#6b4f2a"),
)
OTHER = "#b8b8b8"


@dataclass(frozen=True, kw_only=True, eq=False)
class CoverageResult:
    """Order, density, energy and composition of each configuration of a set.

    Parameters
    ----------
    order
        (n_frames,) distance-weighted Steinhardt order parameter, mean over the atoms.
    density_g_per_cm3
        (n_frames,) density; NaN without a periodic cell.
    energy_eV_per_atom
        (n_frames,) energy less that of its elements, by least squares over the set;
        NaN where there is none.
    formulas
        Reduced formula of each.
    degree
        Degree of the order parameter.

    """

    order: NDArray[np.float64]
    density_g_per_cm3: NDArray[np.float64]
    energy_eV_per_atom: NDArray[np.float64]
    formulas: tuple[str, ...]
    degree: int

    @property
    def n_frames(self) -> int:
        """Configurations."""
        return len(self.formulas)

    def to_json(self) -> dict[str, Any]:
        """Ranges and compositions."""
        return {
            "n_frames": self.n_frames,
            "order_parameter_degree": self.degree,
            "order_range": _range(self.order),
            "density_range_g_per_cm3": _range(self.density_g_per_cm3),
            "energy_range_eV_per_atom": _range(self.energy_eV_per_atom),
            "compositions": dict(Counter(self.formulas).most_common()),
        }

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        against: Literal["density", "energy"] = "density",
    ) -> "Axes":
        """Plot one point a configuration, coloured by composition.

        Parameters
        ----------
        ax
            Axes to draw on; new ones where none are given.
        against
            Vertical axis.

        """
        from matplotlib.figure import Figure

        axis = Figure(layout="constrained").subplots() if ax is None else ax
        values = {
            "density": self.density_g_per_cm3,
            "energy": self.energy_eV_per_atom,
        }[against]
        names = [name for name, _ in Counter(self.formulas).most_common()]
        shown = dict(zip(names[:MOST_COLOURS], COLOURS, strict=False))
        rest = np.array([f not in shown for f in self.formulas])
        if rest.any():
            axis.scatter(self.order[rest], values[rest], s=9, color=OTHER,
                         label=f"{len(names) - len(shown)} others", lw=0)  # fmt: skip
        for name, colour in shown.items():
            mine = np.array([f == name for f in self.formulas])
            axis.scatter(self.order[mine], values[mine], s=12, color=colour,
                         label=_subscripts(name), lw=0, alpha=0.85)  # fmt: skip
        axis.set_xlabel(f"order parameter OP$_{self.degree}$")
        axis.set_ylabel(
            "density [g/cm³]" if against == "density"
            else "energy above the elements' fit\n[eV/atom]"
        )  # fmt: skip
        return axis


def coverage(
    structures: Sequence[Atoms],
    *,
    degree: int = 6,
    progress: Callable[[int, int], None] | None = None,
) -> CoverageResult:
    r"""Order parameter, density and energy of each configuration.

    Parameters
    ----------
    structures
        Frames of a data set or of a trajectory. Energies are those under
        ``REF_energy``, or of the calculator that is attached.
    degree
        Degree l of the order parameter (`steinhardt_order`).
    progress
        Called with the number of finished structures and of all.

    Returns
    -------
    CoverageResult
        One value each, and the map.

    Raises
    ------
    InputError
        When there is no structure.

    Notes
    -----
    .. math::

        \langle \mathrm{OP} \rangle = \frac1N \sum_i \mathrm{OP}_l(i), \qquad
        \rho = \frac{\sum_i m_i}{V}, \qquad
        e = \frac{1}{N} \left( E - \sum_s N_s \mu_s \right)

    with μ from least squares over the set, so that compositions can be compared.

    References
    ----------
    F. Li et al., Nano Lett. 22, 2461 (2022), doi:10.1021/acs.nanolett.2c00187, Fig. 1a.

    Examples
    --------
    >>> from ase.build import bulk
    >>> found = coverage([bulk("Li", "bcc", a=3.44)])
    >>> found.density_g_per_cm3.round(3).tolist()
    [0.566]

    """
    if not structures:
        raise InputError("structures must hold at least one; got none. Check the file.")
    order, density = np.empty(len(structures)), np.full(len(structures), np.nan)
    for k, atoms in enumerate(structures):
        order[k] = float(steinhardt_order(atoms, degree=degree).mean())
        if atoms.pbc.all():
            mass = float(atoms.get_masses().sum()) / kg * 1000
            density[k] = mass / (float(atoms.get_volume()) / (m / 100) ** 3)
        if progress is not None:
            progress(k + 1, len(structures))
    return CoverageResult(
        order=order,
        density_g_per_cm3=density,
        energy_eV_per_atom=_relative_energies(structures),
        formulas=tuple(
            atoms.symbols.formula.reduce()[0].format("metal") for atoms in structures
        ),
        degree=degree,
    )


def _relative_energies(structures: Sequence[Atoms]) -> NDArray[np.float64]:
    energies = np.array([_energy(atoms) for atoms in structures])
    kinds = sorted({z for atoms in structures for z in set(atoms.numbers.tolist())})
    counts = np.array(
        [[np.count_nonzero(atoms.numbers == z) for z in kinds] for atoms in structures],
        dtype=float,
    )
    known = np.isfinite(energies)
    if not known.any():
        return energies
    line = np.linalg.lstsq(counts[known], energies[known], rcond=None)[0]
    relative: NDArray[np.float64] = (energies - counts @ line) / counts.sum(axis=1)
    return relative


def _energy(atoms: Atoms) -> float:
    if ENERGY in atoms.info:
        return float(atoms.info[ENERGY])
    if atoms.calc is not None and "energy" in atoms.calc.results:
        return float(atoms.calc.results["energy"])
    return float(atoms.info.get("energy", np.nan))


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingDistanceResult:
    """Distance of structures from the nearest configuration of a data set.

    Parameters
    ----------
    distances
        (n_structures,) fingerprint distance to the nearest one, 0 to 2; infinite where
        no configuration has the same elements.
    nearest
        (n_structures,) its index; -1 where there is none.
    usual
        95th percentile of the distances of the set's own configurations to the nearest
        other one with these elements.
    species
        Elements of each structure, such as ``"Li-Cl"``.

    """

    distances: NDArray[np.float64]
    nearest: NDArray[np.int_]
    usual: NDArray[np.float64]
    species: tuple[str, ...]

    @property
    def outside(self) -> NDArray[np.bool_]:
        """Which structures are further from the set than it is from itself."""
        return ~(self.distances <= self.usual)

    def to_json(self) -> dict[str, Any]:
        """Numbers of each structure; null for infinitely far."""
        return {
            "structures": [
                {
                    "distance": float(d) if np.isfinite(d) else None,
                    "nearest_frame": int(k) if k >= 0 else None,
                    "usual_distance": float(u) if np.isfinite(u) else None,
                    "outside": bool(far),
                    "reason": None if np.isfinite(d) else _nowhere(names),
                }
                for d, k, u, far, names in zip(
                    self.distances,
                    self.nearest,
                    self.usual,
                    self.outside,
                    self.species,
                    strict=True,
                )
            ],
            "n_outside": int(self.outside.sum()),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Plot the distances in the order of the structures, and what is usual.

        Parameters
        ----------
        ax
            Axes to draw on; new ones where none are given.

        """
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        axis = Figure(layout="constrained").subplots() if ax is None else ax
        frames = np.arange(len(self.distances))
        known = np.isfinite(self.distances)
        axis.plot(frames[known], self.distances[known], ".-", color=COLOURS[0], lw=0.8)
        usual = self.usual[np.isfinite(self.usual)]
        if len(usual):
            axis.axhline(float(usual.max()), color=COLOURS[1], lw=1, ls="--",
                         label="95 % of the set's own")  # fmt: skip
            axis.legend(frameon=False, fontsize=8)
        axis.set_xlabel("structure")
        axis.set_ylabel("distance to the nearest\ntraining configuration")
        highest = max([*self.distances[known], *usual, 0.0])
        axis.set_ylim(0, 1.15 * highest if highest > 0 else 1)
        axis.set_xlim(-0.5, len(frames) - 0.5)
        if not known.all():
            lost = dict.fromkeys(
                names for names, k in zip(self.species, known, strict=True) if not k
            )
            said = "\n".join(_nowhere(names) for names in list(lost)[:MOST_COLOURS])
            axis.text(0.02, 0.96, said, transform=axis.transAxes, va="top", fontsize=8)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        return axis


def training_distance(
    structures: Sequence[Atoms],
    training: Sequence[Atoms],
    *,
    max_references: int = MOST_REFERENCES,
) -> TrainingDistanceResult:
    """Distance of structures to be simulated from what a potential was trained on.

    Parameters
    ----------
    structures
        Structures in question.
    training
        Configurations of the training set.
    max_references
        Of a larger set, evenly chosen configurations are compared.

    Returns
    -------
    TrainingDistanceResult
        Nearest configuration of each structure, and what is usual within the set.

    Raises
    ------
    InputError
        When one of the lists is empty.

    Notes
    -----
    The distance is that of `fingerprint_distances`: mean environments of each element.
    One unusual atom in a large cell is diluted by the others; the disagreement of a
    committee sees it better.

    Examples
    --------
    >>> from ase.build import bulk
    >>> fcc = bulk("Li", "fcc", a=4.2)
    >>> training_distance([fcc.repeat(2)], [fcc]).distances.round(3).tolist()
    [0.0]

    """
    if not structures or not training:
        raise InputError(
            "structures and training must hold at least one each; got "
            f"{len(structures)} and {len(training)}. Check the files."
        )
    stride = -(-len(training) // max_references)
    chosen = np.arange(len(training))[::stride]
    references = [fingerprint(training[int(k)]) for k in chosen]
    mine = [fingerprint(atoms) for atoms in structures]
    distances = fingerprint_distances(mine, references)
    within = fingerprint_distances(references, references)
    np.fill_diagonal(within, np.inf)
    own = within.min(axis=1)
    usual = []
    for each in mine:
        alike = [k for k, r in enumerate(references) if r.species == each.species]
        known = own[alike][np.isfinite(own[alike])]
        usual.append(np.percentile(known, FAR_PERCENTILE) if len(known) else np.nan)
    best = distances.argmin(axis=1)
    shortest = distances[np.arange(len(mine)), best]
    return TrainingDistanceResult(
        distances=shortest,
        nearest=np.where(np.isfinite(shortest), chosen[best], -1),
        usual=np.array(usual, dtype=float),
        species=tuple(
            "-".join(sorted(set(atoms.get_chemical_symbols()))) for atoms in structures
        ),
    )


def _nowhere(names: str) -> str:
    return f"{names}: in no configuration"


def _range(values: NDArray[np.float64]) -> list[float] | None:
    known = values[np.isfinite(values)]
    return [float(known.min()), float(known.max())] if len(known) else None


def _subscripts(formula: str) -> str:
    return "".join(f"$_{{{c}}}$" if c.isdigit() else c for c in formula).replace(
        "}$$_{", ""
    )
