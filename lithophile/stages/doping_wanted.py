"""Dopants that the doping stage was asked for."""

from dataclasses import dataclass

from structures.dopants import write_ion


@dataclass(frozen=True, kw_only=True)
class WantedDopant:
    """One dopant that was asked for.

    Parameters
    ----------
    element
        Chemical symbol.
    oxidation_state
        Its charge [e].
    site
        What it replaces.
    source
        Where the wish comes from: the list's source, or "given".

    """

    element: str
    oxidation_state: int
    site: str
    source: str

    @property
    def name(self) -> str:
        """Ion and site, such as ``"Al3+-Li"``; names files too."""
        return f"{write_ion(self.element, self.oxidation_state)}-{self.site}"
