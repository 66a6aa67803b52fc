"""Reaction energy of doped LLZO against the content of the dopant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from screening.doped_formula import LLZO, doped_formula
from screening.entries import Entries
from screening.titration import Titration, titration
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONTENTS = (0.125, 0.25, 0.375, 0.5)
INK, ACCENT, PALE = "#1f3b4d", "#c8553d", "#8a8f94"


@dataclass(frozen=True, kw_only=True)
class ContentDependence:
    """Reactions of LLZO with growing content of one dopant.

    Parameters
    ----------
    dopant, site
        Ion, and the element that it replaces.
    contents
        Dopants per formula unit, the first zero.
    titrations
        Titration at each content.

    """

    dopant: str
    site: str
    contents: tuple[float, ...]
    titrations: tuple[Titration, ...]

    @property
    def energies_eV_per_formula_unit(self) -> tuple[float, ...]:  # noqa: N802 (unit)
        """Energy of full conversion in excess at each content [eV per formula unit]."""
        return tuple(t.conversion.energy_eV_per_formula_unit for t in self.titrations)

    def to_json(self) -> dict[str, Any]:
        """Content, formula and reaction in excess, one entry each."""
        return {
            "dopant": self.dopant,
            "site": self.site,
            "contents": [
                {
                    "content": content,
                    "formula": found.compound,
                    **found.conversion.to_json(),
                }
                for content, found in zip(self.contents, self.titrations, strict=True)
            ],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Reaction energy in excess against the content.

        Parameters
        ----------
        ax
            Axes to draw on; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(4.8, 3.4), layout="constrained").subplots()
        energies = self.energies_eV_per_formula_unit
        ax.axhline(energies[0], color=PALE, lw=0.8, ls="--", label="undoped")
        ax.plot(self.contents, energies, "-o", color=INK, mfc="white", lw=1.2)
        for x, y in zip(self.contents[1:], energies[1:], strict=True):
            ax.annotate(
                f"{y:.3f}",
                (x, y),
                xytext=(5, 4),
                textcoords="offset points",
                fontsize=8,
                color=ACCENT,
            )
        ax.margins(x=0.2, y=0.14)
        ax.set_xlabel(f"content x of {self.dopant} on {self.site} per formula unit")
        ax.set_ylabel("reaction energy\n(eV per formula unit)")
        ax.legend(frameon=False, fontsize=8)
        return ax


def content_dependence(
    dopant: str,
    *,
    site: str,
    entries: Entries,
    contents: Sequence[float] = CONTENTS,
    electrode: str = "Li",
    host: str = LLZO,
) -> ContentDependence:
    """Reactions of a host with growing content of one dopant.

    Parameters
    ----------
    dopant
        Ion, such as ``"Al3+"``.
    site
        Element that it replaces.
    entries
        Formation energies of everything that may form.
    contents
        Dopants per formula unit, above zero; zero is added.
    electrode
        Formula of what the compound is in contact with.
    host
        Formula of the undoped compound.

    Returns
    -------
    ContentDependence
        Titrations by growing content, each with the energy of the hull for the
        compound.

    Raises
    ------
    InputError
        If no content is given, or the charge cannot be balanced.

    Notes
    -----
    With hull energies the compound is a mixture of stable phases, so that the energy
    per formula unit is nearly linear in the content: what bends it is other products.

    Examples
    --------
    >>> from screening.shipped_entries import load_entries
    >>> found = content_dependence("Al3+", site="Li", entries=load_entries())
    >>> [round(energy, 3) for energy in found.energies_eV_per_formula_unit[:3]]
    [-0.338, -0.46, -0.646]

    """
    if not contents:
        raise InputError("contents must hold one; got none. Give for example 0.25.")
    ordered = sorted(set(contents) - {0.0})
    formulas = [doped_formula(dopant, site=site, content=x, host=host) for x in ordered]
    return ContentDependence(
        dopant=dopant,
        site=site,
        contents=(0.0, *ordered),
        titrations=tuple(
            titration(formula, entries=entries, electrode=electrode)
            for formula in (host, *formulas)
        ),
    )
