"""Chemical stability map: which electrolytes react with which electrodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from screening.entries import Entries
from screening.formulas import read_formula, reduced_formula
from screening.oxyanions import oxyanion_notes
from screening.titration import Titration, titration
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False)
class StabilityMap:
    """Strongest reaction of every electrolyte with every electrode.

    Parameters
    ----------
    electrolytes, electrodes
        Formulas: rows and columns of the map.
    energies_eV_per_atom
        Energy of the strongest reaction of each pair, over all mixing ratios, per
        atom of what reacts [eV/atom]; shape (n_electrolytes, n_electrodes). Zero
        where nothing happens; not a number where a compound meets itself.
    titrations
        Titration behind each pair, row by row; None where a compound meets itself.

    """

    electrolytes: tuple[str, ...]
    electrodes: tuple[str, ...]
    energies_eV_per_atom: np.ndarray
    titrations: tuple[tuple[Titration | None, ...], ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What to keep in mind about the energies of the strongest reactions."""
        doubtful = [
            phase
            for row in self.titrations
            for found in row
            if found is not None
            for phase in (*found.strongest.reactants, *found.strongest.products)
            if phase in found.doubtful
        ]
        return oxyanion_notes(dict.fromkeys(doubtful))

    def to_json(self) -> dict[str, Any]:
        """Every pair with its strongest reaction, by rows."""
        return {
            "electrolytes": list(self.electrolytes),
            "electrodes": list(self.electrodes),
            "energies_eV_per_atom": self.energies_eV_per_atom.tolist(),
            "strongest": [
                {
                    "electrolyte": found.compound,
                    "electrode": found.electrode,
                    **found.strongest.to_json(),
                }
                for row in self.titrations
                for found in row
                if found is not None
            ],
            "notes": list(self.notes),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Map in colour, with the energies in meV per atom in the fields.

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.

        """
        from screening.stability_map_view import (  # noqa: PLC0415 (matplotlib)
            draw_stability_map,
        )

        return draw_stability_map(self, ax=ax)


def stability_map(
    electrolytes: Sequence[str], *, electrodes: Sequence[str], entries: Entries
) -> StabilityMap:
    """Strongest reaction of every electrolyte with every electrode.

    Parameters
    ----------
    electrolytes, electrodes
        Formulas; elements or compounds.
    entries
        Formation energies of everything that may form.

    Returns
    -------
    StabilityMap
        Energies and reactions of all pairs.

    Raises
    ------
    InputError
        If a list is empty, a formula cannot be read, there is no pair of different
        compounds, or the entries cannot serve a pair (:meth:`Entries.check_elements`);
        all of that is looked at before any pair is worked on.

    Notes
    -----
    Both partners have the energy of the hull at their composition, so that a reaction
    energy is that of the interface alone and not of a partner falling apart by itself.
    The strongest reaction is that of the mixing ratio with the lowest energy per atom;
    it lies at a kink.

    References
    ----------
    Y. Zhu, X. He, Y. Mo, J. Mater. Chem. A 4, 3253 (2016), doi:10.1039/C5TA08574H.

    Examples
    --------
    >>> own = Entries.of(
    ...     {"LiCl": -2.0, "ZrCl4": -2.0}, scheme="toy", source="example"
    ... )
    >>> found = stability_map(["ZrCl4", "LiCl"], electrodes=["Li"], entries=own)
    >>> found.energies_eV_per_atom.round(4).tolist()
    [[-0.6667], [0.0]]

    """
    for name, formulas in (("electrolytes", electrolytes), ("electrodes", electrodes)):
        if not formulas:
            raise InputError(
                f"{name} must hold a formula; got none. Give at least one."
            )
    pairs = [
        {*read_formula(electrolyte), *read_formula(electrode)}
        for electrolyte in electrolytes
        for electrode in electrodes
    ]
    for elements in pairs:
        entries.check_elements(elements)
    if len({reduced_formula(formula) for formula in (*electrolytes, *electrodes)}) == 1:
        raise InputError(
            f"electrodes must hold another compound than {electrolytes[0]!r}; got "
            f"{', '.join(map(repr, electrodes))}. Nothing can react."
        )
    rows = tuple(
        tuple(_pair(electrolyte, electrode, entries) for electrode in electrodes)
        for electrolyte in electrolytes
    )
    energies = [
        [np.nan if found is None else found.strongest.energy_eV_per_atom for found in r]
        for r in rows
    ]
    return StabilityMap(
        electrolytes=tuple(electrolytes),
        electrodes=tuple(electrodes),
        energies_eV_per_atom=np.array(energies),
        titrations=rows,
    )


def _pair(electrolyte: str, electrode: str, entries: Entries) -> Titration | None:
    """Titration of one pair; None for a compound with itself."""
    if reduced_formula(electrolyte) == reduced_formula(electrode):
        return None
    return titration(electrolyte, entries=entries, electrode=electrode)
