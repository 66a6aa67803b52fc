"""Crystals from their independent sites and the space group."""

from collections.abc import Sequence

from ase import Atoms
from ase.spacegroup import crystal

from structures.site_labels import label_sites

Site = tuple[str, str, tuple[float, float, float]]


def crystal_from_sites(
    sites: Sequence[Site],
    *,
    space_group: int,
    cell: Sequence[float],
    origin_choice: int = 1,
) -> Atoms:
    """Conventional cell with the name of its site on every atom.

    Parameters
    ----------
    sites
        Name (``"O48f"``: element, multiplicity, Wyckoff letter), species and
        fractional position of each independent site.
    space_group
        Number in the International Tables.
    cell
        a, b, c [Å], α, β, γ [°].
    origin_choice
        1 or 2, where the tables give two origins.

    Examples
    --------
    >>> salt = crystal_from_sites(
    ...     [("Li4a", "Li", (0, 0, 0)), ("Cl4b", "Cl", (0.5, 0.5, 0.5))],
    ...     space_group=225, cell=(5.06, 5.06, 5.06, 90, 90, 90),
    ... )
    >>> salt.get_chemical_formula(), salt.info["site_names"]
    ('Cl4Li4', ['Li4a', 'Cl4b'])

    """
    built = crystal(
        [species for _, species, _ in sites],
        [position for _, _, position in sites],
        spacegroup=space_group,
        setting=origin_choice,
        cellpar=list(cell),
    )
    atoms = Atoms(built.numbers, positions=built.positions, cell=built.cell, pbc=True)
    return label_sites(atoms, [sites[k][0] for k in built.arrays["spacegroup_kinds"]])
