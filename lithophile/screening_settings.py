"""Settings of the commands that screen compounds against an electrode."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lithophile.settings import Settings

Energy = Annotated[float, Field(allow_inf_nan=False)] | Literal["hull", "table"]


class EntriesSettings(Settings):
    """Where the energies of everything that may form come from."""

    entries: str | None = Field(
        None,
        description="Own entries (.json), of pymatgen, of the Materials Project or a "
        "table; they join the shipped ones of the same correction scheme",
    )
    scheme: str | None = Field(
        None,
        description="Correction scheme of own entries; null: what their file states",
    )
    own_only: bool = Field(
        default=False, description="Use the own entries without the shipped ones"
    )

    @model_validator(mode="after")
    def _check_own(self) -> Self:
        """Refuse options of own entries where there are none."""
        if self.entries is None and self.scheme is not None:
            raise ValueError(
                f"scheme must come with own entries; got {self.scheme!r} alone. "
                "Add --entries FILE."
            )
        return self


class ReactionsSettings(EntriesSettings):
    """Settings of ``lithophile screen reactions``."""

    compound: str | None = Field(
        None, description="Formula of the electrolyte, such as Li6.25La3Zr2Al0.25O12"
    )
    dopant: str | None = Field(
        None, description="Ion put into LLZO, such as Al3+, in place of a compound"
    )
    site: str | None = Field(None, description="Element that the dopant replaces")
    content: tuple[float, ...] | None = Field(
        None,
        description="Dopants per formula unit, 0.25 by default; of several, the last "
        "is titrated and the energies of all are compared",
    )
    electrode: str = Field("Li", description="Formula of what it is in contact with")
    energy: Energy = Field(
        "hull",
        description="Energy of the compound: that of the hull at its composition, its "
        "own in the table, or a number relative to the elements [eV per formula unit]",
    )
    competing: int = Field(
        5, ge=0, description="Competing reactions with excess electrode that are listed"
    )
    gaps: Literal["PBE", "measured"] = Field(
        "PBE", description="Which band gaps the rules of passivation use first"
    )
    gap_threshold_eV: float = Field(
        2.0,
        ge=0,
        allow_inf_nan=False,
        description="Gap above which a product insulates [eV]",
    )


class WindowSettings(EntriesSettings):
    """Settings of ``lithophile screen window``."""

    compound: tuple[str, ...] = Field((), description="Formulas of the compounds")
    ion: str = Field(
        "Li", description="Alkali metal that voltages are measured against"
    )


class StabilitySettings(EntriesSettings):
    """Settings of ``lithophile screen stability``."""

    compound: tuple[str, ...] = Field((), description="Formulas of the electrolytes")
    electrode: tuple[str, ...] = Field(
        ("Li",), description="Formulas of the electrodes"
    )
