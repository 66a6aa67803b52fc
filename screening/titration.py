"""Titration of a compound with an electrode: what forms as more of it arrives."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from screening.entries import Entries
from screening.formulas import read_formula
from screening.mixing_line import HullPoint, below_origin, hull_points, itself
from screening.oxyanions import doubtful_phases, oxyanion_notes
from screening.reaction import Reaction, check_energy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class Titration:
    """Reactions of a compound with growing amounts of an electrode.

    Parameters
    ----------
    compound, electrode
        Formulas of the two.
    energy_above_hull_eV_per_atom
        Energy of the compound above the hull of its own elements [eV/atom]: zero when
        the energy of the hull stands for it, negative where a given energy lies below.
    kinks
        One reaction for each amount of the electrode at which the products change.
        The first is without any, the last with all that it can take up: more of the
        electrode stays as it is.
    conversion
        Full conversion to the stable phases beside an excess of the electrode,
        whether or not it takes place. It is the last kink, unless the compound was
        given an energy so low that this conversion would cost energy.
    doubtful
        Phases among all these whose energies are known to be far too low
        (:func:`screening.oxyanions.doubtful_phases`).

    """

    compound: str
    electrode: str
    energy_above_hull_eV_per_atom: float
    kinks: tuple[Reaction, ...]
    conversion: Reaction
    doubtful: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What to keep in mind about the energies."""
        return oxyanion_notes(self.doubtful)

    @property
    def excess(self) -> Reaction:
        """Reaction with the electrode in excess, the end of the titration."""
        return self.kinks[-1]

    @property
    def strongest(self) -> Reaction:
        """Reaction that releases most energy per atom of what reacts."""
        return min(self.kinks, key=lambda kink: kink.energy_eV_per_atom)

    @property
    def plateaus_V(self) -> tuple[float, ...]:  # noqa: N802 (unit)
        """Voltage against the electrode between one kink and the next [V].

        For an electrode of one monovalent metal, such as Li.
        """
        return tuple(
            -(after.energy_eV_per_formula_unit - before.energy_eV_per_formula_unit)
            / (after.electrode_per_formula_unit - before.electrode_per_formula_unit)
            for before, after in zip(self.kinks, self.kinks[1:], strict=False)
        )

    def to_json(self) -> dict[str, Any]:
        """Kinks and the reaction in excess; ``excess_li`` where that is lithium."""
        return {
            "compound": self.compound,
            "electrode": self.electrode,
            "energy_above_hull_eV_per_atom": self.energy_above_hull_eV_per_atom,
            "kinks": [kink.to_json() for kink in self.kinks],
            f"excess_{self.electrode.lower()}": self.excess.to_json(),
            "strongest": self.strongest.to_json(),
            "conversion": self.conversion.to_json(),
            "notes": list(self.notes),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Energy against the amount of the electrode, with the products at the kinks.

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.

        """
        from screening.titration_view import (  # noqa: PLC0415 (matplotlib)
            draw_titration,
        )

        return draw_titration(self, ax=ax)


def titration(
    compound: str,
    *,
    entries: Entries,
    electrode: str = "Li",
    energy_eV_per_formula_unit: float | None = None,
) -> Titration:
    """Reactions of a compound with growing amounts of an electrode.

    Both react to equilibrium: at every amount the phases of lowest energy form. Any
    compound can stand against any element or compound; the electrode is taken on the
    hull.

    Parameters
    ----------
    compound
        Formula, such as ``"Li6.25La3Zr2Al0.25O12"``. It needs no entry.
    entries
        Formation energies of everything that may form, with
        :func:`screening.load_entries` those that come with the package.
    electrode
        Formula of what it is in contact with.
    energy_eV_per_formula_unit
        Energy of the compound relative to the elements, in the scheme of `entries`
        [eV per formula unit]. By default the energy of the hull at its composition,
        as if it were just stable: the most favourable assumption short of real data.

    Returns
    -------
    Titration
        Reactions at all kinks.

    Raises
    ------
    InputError
        If a formula cannot be read, both are the same compound, the energy is no
        number, or the entries cannot serve (:meth:`Entries.check_elements`).

    Notes
    -----
    With n formula units of the electrode E per formula unit of the compound C

        ΔG(n) = E_hull(C + n E) − E(C) − n E(E)

    at zero temperature and pressure. ΔG(n) is convex and falls until the electrode is
    in excess, where its chemical potential is that of the pure electrode (μ_Li = 0);
    its kinks are where the line from C to E leaves one facet of the hull for the
    next. Without an energy of its own ΔG(0) = 0, and ΔG(n) is then never positive. A
    compound given above the hull decomposes by itself, ΔG(0) < 0; one given below it
    joins the hull and may not react at all.

    ======== ==============================
    symbol   variable
    ======== ==============================
    n        ``electrode_per_formula_unit``
    E(C)     `energy_eV_per_formula_unit`
    ΔG       ``energy_eV_per_formula_unit``
    ======== ==============================

    References
    ----------
    W. D. Richards et al., Chem. Mater. 28, 266 (2016),
    doi:10.1021/acs.chemmater.5b04082.
    S. P. Ong et al., Chem. Mater. 20, 1798 (2008), doi:10.1021/cm702327g.

    Examples
    --------
    >>> own = Entries.of(
    ...     {"Li2O": -2.0, "ZrO2": -3.6, "Zr3O": -1.2}, scheme="toy", source="example"
    ... )
    >>> found = titration("ZrO2", entries=own)
    >>> [kink.equation for kink in found.kinks]
    ['ZrO2 → ZrO2', 'ZrO2 + 4 Li → 2 Li2O + Zr']
    >>> round(found.excess.energy_eV_per_formula_unit, 6)
    -1.2

    """
    check_energy(energy_eV_per_formula_unit)
    points = hull_points(compound, electrode, entries=entries)
    amounts = read_formula(compound)
    hull_eV = points[0].energy_eV
    own_eV = (
        hull_eV if energy_eV_per_formula_unit is None else energy_eV_per_formula_unit
    )

    def reaction(point: HullPoint) -> Reaction:
        energy = float(point.energy_eV - own_eV)
        n_reacting = n_atoms + point.electrode_per_formula_unit * per_electrode
        return Reaction(
            compound=compound,
            electrode=electrode,
            electrode_per_formula_unit=point.electrode_per_formula_unit,
            products=point.products,
            energy_eV_per_formula_unit=energy,
            energy_eV_per_atom=energy / n_reacting,
        )

    n_atoms = sum(amounts.values())
    per_electrode = sum(read_formula(electrode).values())
    kinks = tuple(map(reaction, _with_compound(points, compound, own_eV)))
    conversion = reaction(points[-1])
    formed = [p for each in (*kinks, conversion) for p in each.products]
    return Titration(
        compound=compound,
        electrode=electrode,
        energy_above_hull_eV_per_atom=float(own_eV - hull_eV) / n_atoms,
        kinks=kinks,
        conversion=conversion,
        doubtful=doubtful_phases([compound, electrode, *formed], scheme=entries.scheme),
    )


def _with_compound(
    points: list[HullPoint], compound: str, own_eV: float
) -> list[HullPoint]:
    """Points of the hull to which the compound itself has been added."""
    curve = [(p.electrode_per_formula_unit, p.energy_eV - own_eV) for p in points]
    alone = HullPoint(
        electrode_per_formula_unit=0.0,
        energy_eV=own_eV,
        products=itself(compound),
    )
    kept = [alone if i < 0 else points[i] for i in below_origin(curve)]
    while len(kept) > 1 and kept[-1].energy_eV >= kept[-2].energy_eV:
        kept.pop()
    return kept
