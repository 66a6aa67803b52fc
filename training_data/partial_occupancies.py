"""Sites that a file shares between species, which no ordered structure can hold."""

from ase import Atoms

from training_data.errors import InputError

OCCUPANCY_TOLERANCE = 5e-3  # thirds are printed as 0.333
ORDER_FIRST = (
    "Order the crystal first: read_disordered_crystal and order_sites give full sites."
)


def refuse_partial_occupancies(atoms: Atoms, *, name: str = "structure") -> None:
    """Refusal of a structure that ASE read from a file with partial occupancies.

    ASE places one full atom on every site and keeps the occupancies in ``info``; taken
    for the crystal, such a structure is silently wrong.

    Parameters
    ----------
    atoms
        Structure as read.
    name
        What to call it in the message.

    Raises
    ------
    InputError
        If a site is shared, or its occupancy differs from 1 by more than 0.005.

    Examples
    --------
    >>> from ase import Atoms
    >>> atoms = Atoms("Li", info={"occupancy": {"0": {"Li": 0.5}}})
    >>> refuse_partial_occupancies(atoms)
    Traceback (most recent call last):
    training_data.errors.InputError: sites of structure must be fully occupied by one
    species; got Li 0.5 on site 0. Order the crystal first: read_disordered_crystal and
    order_sites give full sites.

    """
    for site, shares in (atoms.info.get("occupancy") or {}).items():
        if len(shares) > 1 or abs(sum(shares.values()) - 1) > OCCUPANCY_TOLERANCE:
            listed = ", ".join(f"{species} {x:g}" for species, x in shares.items())
            raise InputError(
                f"sites of {name} must be fully occupied by one species; got {listed} "
                f"on site {site}. {ORDER_FIRST}"
            )
