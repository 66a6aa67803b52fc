"""Formation energies of many compounds, by formula and by chemical system."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from screening.composition_table import CompositionTable
from screening.formulas import (
    read_elements,
    read_formula,
    reduced_formula,
)
from screening.stable_phases import stable_phases
from training_data.errors import InputError

if TYPE_CHECKING:
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram


MOST_ELEMENTS = 9
"""Elements of one phase diagram. The hull has as many dimensions: with eight elements
it takes some ten seconds, with nine half a minute, with more minutes to hours."""
ZERO_EV_PER_ATOM = 1e-6
"""An element so far below its reference state is taken for a mistake."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Entries:
    """Compounds with formation energies of one correction scheme.

    Energies are relative to the elements in their reference states, which are zero and
    need no row.

    Parameters
    ----------
    compositions
        What the compounds are made of, one row each.
    formation_energies_eV_per_atom
        Their energies relative to the elements [eV/atom].
    scheme
        Name of the correction scheme or level of theory. Energies of different schemes
        are never mixed.
    sources
        Where energies come from, such as a database or a calculation.
    source_of_row
        Which of `sources` each row has.

    Examples
    --------
    >>> own = Entries.of(
    ...     {"Li2O": -2.0, "ZrO2": -3.7}, scheme="PBE", source="our own run"
    ... )
    >>> own.formation_energy("Zr2O4"), own.source_of("Li4O2")
    (-3.7, 'our own run')
    >>> sorted(entry.name for entry in own.chemical_system({"Li", "O"}))
    ['Li', 'Li2O', 'O2']

    """

    compositions: CompositionTable
    formation_energies_eV_per_atom: np.ndarray
    scheme: str
    sources: tuple[str, ...]
    source_of_row: np.ndarray
    _diagrams: dict[frozenset[str], Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        # Copies, so that the caller's arrays stay as they are and these as they were.
        for name in ("formation_energies_eV_per_atom", "source_of_row"):
            kept = np.array(getattr(self, name))
            kept.flags.writeable = False
            object.__setattr__(self, name, kept)

    @classmethod
    def of(
        cls, formation_energies: Mapping[str, float], *, scheme: str, source: str
    ) -> Self:
        """Entries from a mapping of formulas to formation energies [eV/atom].

        Elements are left out, for their reference states are the zero of all energies.

        Raises
        ------
        InputError
            If an energy is not finite, or an element lies below its zero.

        """
        rows: dict[str, tuple[dict[str, float], float]] = {}
        for formula, energy in formation_energies.items():
            if not np.isfinite(energy):
                raise InputError(
                    f"formation_energies must be finite; got {energy!r} for {formula}. "
                    "Leave out what is not known."
                )
            if len(read_formula(formula)) == 1:
                if energy < -ZERO_EV_PER_ATOM:
                    raise InputError(
                        "formation_energies must be zero for the elements' reference "
                        f"states; got {energy!r} for {formula}. Give energies relative "
                        "to the elements, or total energies (entries_of_energies)."
                    )
                continue
            name = reduced_formula(formula)
            if name not in rows or energy < rows[name][1]:
                rows[name] = (read_formula(formula), float(energy))
        return cls(
            compositions=CompositionTable.of([amounts for amounts, _ in rows.values()]),
            formation_energies_eV_per_atom=np.array([e for _, e in rows.values()]),
            scheme=scheme,
            sources=(source,),
            source_of_row=np.zeros(len(rows), dtype=np.int32),
        )

    def __len__(self) -> int:
        return len(self.compositions)

    def __contains__(self, formula: str) -> bool:
        return self.compositions.row(formula) is not None

    def formation_energy(self, formula: str) -> float:
        """Energy of a compound relative to the elements [eV/atom].

        Raises
        ------
        InputError
            If the table does not hold the compound.

        """
        if len(read_formula(formula)) == 1:
            return 0.0
        return float(self.formation_energies_eV_per_atom[self._row(formula)])

    def source_of(self, formula: str) -> str:
        """Where the energy of a compound comes from."""
        return self.sources[int(self.source_of_row[self._row(formula)])]

    def chemical_system(self, elements: str | Iterable[str]) -> list["PDEntry"]:
        """Entries of all compounds of these elements, the elements themselves too.

        Parameters
        ----------
        elements
            Symbols, or text such as ``"Li-La-Zr-O"``.

        Returns
        -------
        list of PDEntry
            pymatgen's entries: energy per formula unit relative to the elements [eV],
            with ``"scheme"`` and ``"source"`` in their attribute.

        """
        from pymatgen.analysis.phase_diagram import PDEntry  # noqa: PLC0415 (slow)
        from pymatgen.core import Composition  # noqa: PLC0415 (slow to import)

        system = read_elements(elements)
        entries = [
            PDEntry(
                Composition({symbol: 1}),
                0.0,
                attribute={"scheme": self.scheme, "source": "reference state"},
            )
            for symbol in sorted(system)
        ]
        for row in self.compositions.rows_within(system):
            amounts = self.compositions.composition(row)
            energy = float(self.formation_energies_eV_per_atom[row])
            entries.append(
                PDEntry(
                    Composition(amounts),
                    energy * sum(amounts.values()),
                    attribute={
                        "scheme": self.scheme,
                        "source": self.sources[self.source_of_row[row]],
                    },
                )
            )
        return entries

    def check_elements(self, elements: str | Iterable[str]) -> frozenset[str]:
        """Refuse a chemical system of which nothing can be said, or not in time.

        Parameters
        ----------
        elements
            Symbols, or text such as ``"Li-La-Zr-O"``.

        Returns
        -------
        frozenset of str
            The symbols.

        Raises
        ------
        InputError
            If the entries hold no compound of an element, which would stay apart
            whatever it meets, or the elements are too many.

        """
        system = read_elements(elements)
        lacking = sorted(system - self.compositions.elements)
        if lacking:
            raise InputError(
                f"elements must each have a compound among the {len(self):,} entries; "
                f"got {', '.join(lacking)}, of which there is none, so that nothing "
                "could be said of its reactions. Leave it out, or join entries of "
                "your own that hold its compounds."
            )
        _check_number(system)
        return system

    def phase_diagram(self, elements: str | Iterable[str]) -> "PhaseDiagram":
        """Phase diagram of these elements, built once and then reused.

        Raises
        ------
        InputError
            If the elements are too many for a hull.

        """
        from pymatgen.analysis.phase_diagram import (  # noqa: PLC0415 (slow)
            PhaseDiagram,
        )

        system = read_elements(elements)
        if system not in self._diagrams:
            _check_number(system)
            self._diagrams[system] = PhaseDiagram(self.chemical_system(system))
        return self._diagrams[system]

    def hull_energy(self, formula: str) -> float:
        """Energy of the hull at a composition, which needs no entry [eV/atom]."""
        from pymatgen.core import Composition  # noqa: PLC0415 (slow to import)

        amounts = read_formula(formula)
        diagram = self.phase_diagram(amounts)
        return float(diagram.get_hull_energy_per_atom(Composition(amounts)))

    def decomposition(self, formula: str) -> dict[str, float]:
        """Stable phases at a composition, per formula unit; largest first."""
        from pymatgen.core import Composition  # noqa: PLC0415 (slow to import)

        amounts = read_formula(formula)
        return stable_phases(self.phase_diagram(amounts), Composition(amounts))

    def energy_above_hull(
        self, formula: str, *, formation_energy_eV_per_atom: float | None = None
    ) -> float:
        """Energy above the hull [eV/atom]; negative where a given energy lies below.

        Parameters
        ----------
        formula
            The compound.
        formation_energy_eV_per_atom
            Its energy relative to the elements [eV/atom]; by default the table's.

        """
        energy = formation_energy_eV_per_atom
        if energy is None:
            energy = self.formation_energy(formula)
        return energy - self.hull_energy(formula)

    def merged_with(self, own: "Entries", *, replace_known: bool = False) -> "Entries":
        """Join these entries with others of the same scheme.

        Parameters
        ----------
        own
            The others.
        replace_known
            Whether they take the place of compounds known here even where their
            energy is higher; otherwise the lower energy stays.

        Raises
        ------
        InputError
            If the schemes differ.

        """
        if own.scheme != self.scheme:
            raise InputError(
                f"own must have the correction scheme {self.scheme!r} of the entries "
                f"it joins; got {own.scheme!r}. Energies of the two have different "
                "zeros: anchor your energies on phases that the entries hold "
                "(anchored_energy), or use only your own."
            )
        energies = own.formation_energies_eV_per_atom
        outdone, kept = [], []
        for row in range(len(own)):
            known = self.compositions.row(_text(own.compositions.composition(row)))
            lower = (
                known is None
                or replace_known
                or energies[row] < self.formation_energies_eV_per_atom[known]
            )
            if lower:
                kept.append(row)
                outdone += [] if known is None else [known]
        mask = np.ones(len(self), dtype=bool)
        mask[outdone] = False
        left_out = sorted(set(range(len(own))) - set(kept))
        return replace(
            self,
            compositions=self.compositions.without(outdone).joined(
                own.compositions.without(left_out)
            ),
            formation_energies_eV_per_atom=np.concatenate(
                [self.formation_energies_eV_per_atom[mask], energies[kept]]
            ),
            sources=self.sources + own.sources,
            source_of_row=np.concatenate(
                [
                    self.source_of_row[mask],
                    own.source_of_row[kept] + len(self.sources),
                ]
            ),
            _diagrams={},
        )

    def _row(self, formula: str) -> int:
        """Row of a compound that must be there."""
        row = self.compositions.row(formula)
        if row is None:
            raise InputError(
                f"formula must be a compound among the {len(self):,} entries; got "
                f"{formula!r}. Take the energy of the hull at this composition "
                "(hull_energy), or merge an energy of your own."
            )
        return row


def _check_number(system: frozenset[str]) -> None:
    """Refuse a hull of too many elements."""
    if len(system) > MOST_ELEMENTS:
        raise InputError(
            f"elements must be at most {MOST_ELEMENTS} at once; got {len(system)} "
            f"({', '.join(sorted(system))}). A hull of more takes too long: leave "
            "out those of the smallest amounts."
        )


def _text(amounts: Mapping[str, int]) -> str:
    """Write whole amounts as a formula that can be read again."""
    return "".join(f"{symbol}{amount}" for symbol, amount in amounts.items())
