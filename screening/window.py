"""Electrochemical window of a compound against lithium or another metal."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from screening.entries import Entries
from screening.formulas import read_formula
from screening.mixing_line import below_origin, hull_points, itself
from screening.reaction import Reaction, check_energy
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALLEST_STEP = 1e-6
SMALLEST_VOLTAGE_V = 1e-6


@dataclass(frozen=True, kw_only=True)
class ElectrochemicalWindow:
    """Voltages between which a compound neither takes up nor gives off the ion.

    Parameters
    ----------
    compound
        Formula.
    ion
        Metal whose ion is exchanged and against which voltages are measured.
    reduction_V
        Below this voltage the compound takes up the ion [V]; zero where it is stable
        against the metal itself.
    oxidation_V
        Above this voltage it gives the ion off [V]; None where it holds none to give.
    reduction, oxidation
        What forms first on either side; None where nothing does.
    stable_phases
        Phases at the composition of the compound inside the window: the compound
        itself where it is on the hull.
    energy_above_hull_eV_per_atom
        Energy of the compound above the hull [eV/atom]. Above zero the window is that
        of the stable phases, not of the compound.

    """

    compound: str
    ion: str
    reduction_V: float
    oxidation_V: float | None
    reduction: Reaction | None
    oxidation: Reaction | None
    stable_phases: dict[str, float]
    energy_above_hull_eV_per_atom: float

    @property
    def width_V(self) -> float | None:  # noqa: N802 (unit)
        """Width of the window [V]; None where it has no upper end."""
        return None if self.oxidation_V is None else self.oxidation_V - self.reduction_V

    def to_json(self) -> dict[str, Any]:
        """Voltages, first reactions and what is stable in between."""
        return {
            "compound": self.compound,
            "ion": self.ion,
            "reduction_V": self.reduction_V,
            "oxidation_V": self.oxidation_V,
            "width_V": self.width_V,
            "reduction": self.reduction.to_json() if self.reduction else None,
            "oxidation": self.oxidation.to_json() if self.oxidation else None,
            "stable_phases": dict(self.stable_phases),
            "energy_above_hull_eV_per_atom": self.energy_above_hull_eV_per_atom,
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Bar of the window; :func:`draw_windows` draws several.

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.

        """
        from screening.window_view import draw_windows  # noqa: PLC0415 (matplotlib)

        return draw_windows([self], ax=ax)


def electrochemical_window(
    compound: str,
    *,
    entries: Entries,
    ion: str = "Li",
    energy_eV_per_formula_unit: float | None = None,
) -> ElectrochemicalWindow:
    """Voltages between which a compound neither takes up nor gives off an ion.

    Parameters
    ----------
    compound
        Formula; it needs no entry.
    entries
        Formation energies of everything that may form.
    ion
        Monovalent metal against which voltages are measured.
    energy_eV_per_formula_unit
        Energy of the compound relative to the elements [eV per formula unit]. By
        default that of the hull. It matters only where it lies below the hull.

    Returns
    -------
    ElectrochemicalWindow
        Both voltages and what forms there.

    Raises
    ------
    InputError
        If a formula cannot be read, `ion` is no monovalent metal, or the compound is
        the metal itself.

    Notes
    -----
    With the energy E(n) of the hull at the composition with n ions added, relative to
    the metal and the compound, the voltages are its slopes on both sides of n = 0,

        V_red = −dE/dn (n → 0+),    V_ox = −dE/dn (n → 0−).

    Other elements stay: the compound exchanges ions and electrons only. These are
    limits of thermodynamics; slow reactions make measured windows wider.

    References
    ----------
    Y. Zhu, X. He, Y. Mo, ACS Appl. Mater. Interfaces 7, 23685 (2015),
    doi:10.1021/acsami.5b07517.

    Examples
    --------
    >>> own = Entries.of({"LiCl": -2.0}, scheme="toy", source="example")
    >>> window = electrochemical_window("LiCl", entries=own)
    >>> window.reduction_V, window.oxidation_V, window.oxidation.equation
    (0.0, 4.0, 'LiCl → 0.5 Cl2 + Li')

    """
    _check_ion(ion)
    check_energy(energy_eV_per_formula_unit)
    amounts = read_formula(compound)
    if set(amounts) == {ion}:
        raise InputError(
            f"compound must be another than {ion}, against which its voltages are "
            f"measured; got {compound!r}. Leave it out."
        )
    gained = hull_points(compound, ion, entries=entries)
    hull_eV = gained[0].energy_eV
    given_eV = energy_eV_per_formula_unit
    own_eV = hull_eV if given_eV is None else given_eV
    curve = [(p.electrode_per_formula_unit, p.energy_eV, p.products) for p in gained]
    n_ions = amounts.get(ion, 0.0)
    rest = "".join(f"{e}{n:.10f}" for e, n in amounts.items() if e != ion)
    if n_ions:
        lost = hull_points(rest, ion, entries=entries)
        curve = [
            (n, p.energy_eV, p.products)
            for p in lost
            if (n := p.electrode_per_formula_unit - n_ions) < -SMALLEST_STEP
        ] + curve
    base = min(own_eV, hull_eV)
    kept = below_origin([(n, energy - base) for n, energy, _ in curve])
    points = [(0.0, base, None) if i < 0 else curve[i] for i in kept]
    here = next(i for i, point in enumerate(points) if point[0] == 0)

    def step(index: int) -> tuple[float, Reaction] | None:
        if not 0 <= index < len(points):
            return None
        n, energy, products = points[index]
        change = float(energy - base)
        n_atoms = sum(amounts.values()) + max(n, 0.0)
        return -change / n, Reaction(
            compound=compound,
            electrode=ion,
            electrode_per_formula_unit=float(n),
            products=dict(products or {}),
            energy_eV_per_formula_unit=change,
            energy_eV_per_atom=change / n_atoms,
        )

    down, up = step(here + 1), step(here - 1)
    if down is not None and down[0] <= SMALLEST_VOLTAGE_V:
        down = None
    return ElectrochemicalWindow(
        compound=compound,
        ion=ion,
        reduction_V=down[0] if down else 0.0,
        oxidation_V=up[0] if up else None,
        reduction=down[1] if down else None,
        oxidation=up[1] if up else None,
        stable_phases=itself(compound)
        if kept[here] < 0
        else dict(points[here][2] or {}),
        energy_above_hull_eV_per_atom=float(own_eV - hull_eV) / sum(amounts.values()),
    )


def _check_ion(ion: str) -> None:
    """Refuse what is no metal of charge one."""
    from pymatgen.core import Element  # noqa: PLC0415 (slow to import)

    if not Element.is_valid_symbol(ion) or not Element(ion).is_alkali:
        raise InputError(
            f"ion must be an alkali metal, whose ions carry one charge; got {ion!r}. "
            "Take Li, Na, K, Rb or Cs."
        )
