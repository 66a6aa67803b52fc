"""Crystals whose sites are partly occupied, or shared by several species."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_numbers

from training_data.errors import InputError
from training_data.partial_occupancies import OCCUPANCY_TOLERANCE

if TYPE_CHECKING:
    from pymatgen.core import Structure


@dataclass(frozen=True, kw_only=True)
class DisorderedCrystal:
    """Sites of a crystal, each with the probability of every species on it.

    Parameters
    ----------
    cell_A
        Lattice vectors as rows [Å], shape (3, 3).
    scaled_positions
        Fractional positions of the sites, shape (n_sites, 3).
    occupancies
        One mapping species → fraction per site; what is missing to 1 is vacant.
    site_names
        One label per site, such as ``"Li24d"``: element, multiplicity and Wyckoff
        letter.
    source
        Where the crystal is from, for reports.

    Raises
    ------
    InputError
        If shapes do not fit, a species is unknown, an occupancy is negative, or
        the occupancies of one site sum to more than 1.

    Examples
    --------
    >>> crystal = DisorderedCrystal(
    ...     cell_A=4.0 * np.eye(3),
    ...     scaled_positions=np.array([[0, 0, 0], [0.5, 0.5, 0.5]]),
    ...     occupancies=({"Li": 0.5}, {"Cl": 1.0}),
    ...     site_names=("Li1a", "Cl1b"),
    ... )
    >>> crystal.repeat((2, 1, 1)).content
    {'Li': 1.0, 'Cl': 2.0}

    """

    cell_A: np.ndarray
    scaled_positions: np.ndarray
    occupancies: tuple[Mapping[str, float], ...]
    site_names: tuple[str, ...]
    source: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        cell = np.array(self.cell_A, dtype=float)
        scaled = np.array(self.scaled_positions, dtype=float)
        names = tuple(self.site_names)
        if cell.shape != (3, 3) or not abs(np.linalg.det(cell)) > 0:
            raise InputError(
                f"cell_A must be three independent vectors; got {cell.tolist()!r}. "
                "Give them as rows in Å."
            )
        if scaled.ndim != 2 or scaled.shape[1:] != (3,) or not len(scaled):  # noqa: PLR2004
            raise InputError(
                f"scaled_positions must have shape (n_sites, 3); got {scaled.shape!r}. "
                "Give one fractional position per site."
            )
        if not len(scaled) == len(self.occupancies) == len(names):
            raise InputError(
                "occupancies and site_names must have one entry per site; got "
                f"{len(self.occupancies)} and {len(names)} for {len(scaled)} sites. "
                "Complete them."
            )
        occupancies = tuple(
            _checked(occupancy, f"{names[index]} (site {index})")
            for index, occupancy in enumerate(self.occupancies)
        )
        for array in (cell, scaled):
            array.setflags(write=False)
        object.__setattr__(self, "cell_A", cell)
        object.__setattr__(self, "scaled_positions", scaled)
        object.__setattr__(self, "occupancies", occupancies)
        object.__setattr__(self, "site_names", names)

    @property
    def n_sites(self) -> int:
        """Number of sites, occupied or not."""
        return len(self.scaled_positions)

    @property
    def content(self) -> dict[str, float]:
        """Expected number of atoms of each species in the cell."""
        total: dict[str, float] = {}
        for occupancy in self.occupancies:
            for species, fraction in occupancy.items():
                total[species] = total.get(species, 0.0) + fraction
        return {species: round(number, 9) for species, number in total.items()}

    @property
    def disordered(self) -> np.ndarray:
        """Mask of the sites that are partly vacant or shared, shape (n_sites,)."""
        return np.array(
            [
                len(occupancy) != 1 or min(occupancy.values()) < 1
                for occupancy in self.occupancies
            ]
        )

    def repeat(self, repetitions: tuple[int, int, int]) -> "DisorderedCrystal":
        """Supercell; site names are kept.

        Parameters
        ----------
        repetitions
            Number of cells along each lattice vector.

        """
        counts = np.array(repetitions)
        if counts.shape != (3,) or not np.all(counts == np.round(counts)):
            raise InputError(
                f"repetitions must be three integers; got {repetitions!r}. "
                "Give for example (2, 2, 1)."
            )
        if counts.min() < 1:
            raise InputError(
                f"repetitions must be at least 1; got {repetitions!r}. "
                "1 keeps the cell along that vector."
            )
        shifts = np.array(list(np.ndindex(*(int(n) for n in counts))))
        scaled = (self.scaled_positions[None] + shifts[:, None]).reshape(-1, 3)
        return replace(
            self,
            cell_A=self.cell_A * counts[:, None],
            scaled_positions=scaled / counts,
            occupancies=self.occupancies * len(shifts),
            site_names=self.site_names * len(shifts),
        )

    def with_occupancy(
        self, site_name: str, occupancy: Mapping[str, float]
    ) -> "DisorderedCrystal":
        """Crystal with another occupancy of all sites of one name.

        Parameters
        ----------
        site_name
            Label of the sites to change.
        occupancy
            Species → fraction; what is missing to 1 is vacant.

        """
        if site_name not in self.site_names:
            raise InputError(
                f"site_name must be a site of the crystal; got {site_name!r}. "
                f"Choose one of {', '.join(dict.fromkeys(self.site_names))}."
            )
        return replace(
            self,
            occupancies=tuple(
                occupancy if name == site_name else old
                for name, old in zip(self.site_names, self.occupancies, strict=True)
            ),
        )

    def to_pymatgen(self) -> "Structure":
        """Pymatgen ``Structure`` with partial occupancies."""
        from pymatgen.core import Structure  # noqa: PLC0415 (slow to import)

        return Structure(
            self.cell_A,
            [dict(occupancy) for occupancy in self.occupancies],
            self.scaled_positions,
            site_properties={"site_name": list(self.site_names)},
        )

    def to_json(self) -> dict[str, Any]:
        """Content and sites in numbers that JSON holds."""
        return {
            "source": self.source,
            "cell_A": self.cell_A.tolist(),
            "content": self.content,
            "sites": [
                {
                    "name": name,
                    "n_sites": self.site_names.count(name),
                    "occupancy": dict(
                        self.occupancies[self.site_names.index(name)].items()
                    ),
                }
                for name in dict.fromkeys(self.site_names)
            ],
        }


def _checked(occupancy: Mapping[str, float], site: str) -> dict[str, float]:
    """Occupancy of one site, complete or with a vacancy, without zeros."""
    for species, fraction in occupancy.items():
        if species not in atomic_numbers or species == "X":
            raise InputError(
                f"occupancies must name chemical elements; got {species!r} on {site}. "
                "Give symbols without charges; charges go into oxidation_states."
            )
        if not 0 <= fraction <= 1 + OCCUPANCY_TOLERANCE:
            raise InputError(
                f"occupancies must lie between 0 and 1; got {fraction!r} of {species} "
                f"on {site}. Correct the fraction."
            )
    total = sum(occupancy.values())
    if total > 1 + OCCUPANCY_TOLERANCE:
        raise InputError(
            f"occupancies must sum to at most 1; got {total:.4g} on {site}. "
            "Lower a fraction, or give the species sites of their own."
        )
    if not total > 0:
        raise InputError(
            f"occupancies must hold a species; got {dict(occupancy)!r} on {site}. "
            "Leave a site that is never occupied out."
        )
    scale = 1 / total if abs(total - 1) <= OCCUPANCY_TOLERANCE else 1.0
    return {
        species: float(fraction) * scale
        for species, fraction in occupancy.items()
        if fraction > 0
    }
