"""Level of theory: what a label means and with what it may be compared."""

from dataclasses import dataclass, replace

from training_data.errors import InputError

D3 = "D3(BJ)"
UNSTATED = "unstated"


@dataclass(frozen=True, kw_only=True)
class LevelOfTheory:
    """Electronic-structure method behind a set of labels.

    Two levels are never mixed silently: energies of different functionals,
    codes, pseudopotentials or cutoffs have different zeros.

    Parameters
    ----------
    functional
        Exchange-correlation functional, for instance ``"PBE"``.
    dispersion
        Dispersion correction contained in the labels: ``None`` or ``"D3(BJ)"``.
    code
        Program, version, basis and smearing in the words of the data's author.

    Examples
    --------
    >>> LevelOfTheory(functional="PBE", dispersion="D3(BJ)").name
    'PBE-D3(BJ)'

    """

    functional: str
    dispersion: str | None = None
    code: str = UNSTATED

    @property
    def name(self) -> str:
        """Short name: functional, and dispersion after a hyphen."""
        return self.functional + (f"-{self.dispersion}" if self.dispersion else "")

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    def named(self, name: str) -> "LevelOfTheory":
        """Level of the same functional and code whose short name is `name`.

        Raises
        ------
        InputError
            When `name` is another functional or an unknown dispersion.

        """
        for dispersion in (None, D3):
            level = replace(self, dispersion=dispersion)
            if level.name == name:
                return level
        message = (
            f"level must be {self.functional!r} or '{self.functional}-{D3}' for "
            f"labels of {self}; got {name!r}. "
            "Label the frames again at that level, or use a model trained at theirs."
        )
        raise InputError(message)
