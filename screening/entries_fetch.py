"""Entries of today's Materials Project, for users with a key."""

import os
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from screening.entries import Entries
from screening.entries_own import entries_of_computed
from screening.formulas import read_elements
from training_data.errors import InputError

KEY_VARIABLES = ("MP_API_KEY", "PMG_MAPI_KEY")
SOURCE = "Materials Project, fetched"
SINGLE_LEVEL = {"additional_criteria": {"thermo_types": ["GGA_GGA+U"]}}
"""What mp-api has to be told; by default it answers with r2SCAN mixed in, too."""


class EntryClient(Protocol):
    """What answers for the Materials Project: mp-api's client, or pymatgen's."""

    def get_entries_in_chemsys(
        self,
        elements: list[str],
        **options: Any,  # noqa: ANN401 (whatever the client takes)
    ) -> Sequence[Any]:
        """Entries of all compounds of these elements, with their corrections."""


def fetch_entries(
    elements: str | Iterable[str],
    *,
    api_key: str | None = None,
    client: EntryClient | None = None,
) -> Entries:
    """Entries of a chemical system from the Materials Project as it is now.

    Parameters
    ----------
    elements
        Symbols, or text such as ``"Li-La-Zr-O"``.
    api_key
        Key of the Materials Project; by default from the environment (MP_API_KEY).
    client
        What asks: by default mp-api's client where it is installed, else the one that
        comes with pymatgen.

    Returns
    -------
    Entries
        Formation energies of the scheme that the entries carry, now ``"MP2020"``.
        They do not merge with the shipped ones, whose scheme is ``"MP-legacy"``: use
        them in their place.

    Raises
    ------
    InputError
        If there is no key, or the Materials Project does not answer.

    Notes
    -----
    Energies of the Materials Project are CC BY 4.0.

    References
    ----------
    A. Jain et al., APL Mater. 1, 011002 (2013), doi:10.1063/1.4812323.
    A. Wang et al., Sci. Rep. 11, 15496 (2021), doi:10.1038/s41598-021-94550-5 (the
    corrections of the scheme MP2020).

    """
    symbols = sorted(read_elements(elements))
    options: dict[str, Any] = {}
    if client is None:
        client, options = _client(api_key)
    try:
        with warnings.catch_warnings():
            # entries that a scheme cannot correct are left out, each with a warning
            warnings.simplefilter("ignore")
            computed = list(client.get_entries_in_chemsys(symbols, **options))
    except Exception as error:
        # Anything else than a refusal or a failed connection is a mistake of a program.
        refused = type(error).__name__ == "MPRestError"
        if not (refused or isinstance(error, (OSError, ValueError))):
            raise
        raise InputError(
            f"the Materials Project must answer for {'-'.join(symbols)}; got "
            f"{type(error).__name__}: {error}. Check key and network, or use the "
            "shipped entries (load_entries)."
        ) from error
    return entries_of_computed(computed, source=SOURCE)


def _client(api_key: str | None) -> tuple[EntryClient, dict[str, Any]]:
    """Client of the Materials Project with the user's key, and options of its query."""
    given = api_key or next(filter(None, map(os.environ.get, KEY_VARIABLES)), None)
    if given is None:
        raise InputError(
            "api_key must be given to ask the Materials Project; got None and no "
            f"{KEY_VARIABLES[0]} in the environment. Get a key at "
            "https://materialsproject.org/api, or use the shipped entries "
            "(load_entries)."
        )
    options: dict[str, Any] = SINGLE_LEVEL
    try:
        from mp_api.client import MPRester  # noqa: PLC0415 (optional)
    except ImportError:
        from pymatgen.ext.matproj import MPRester  # noqa: PLC0415 (slow to import)

        options = {}  # it corrects the entries itself and leaves out r2SCAN
    try:
        client: EntryClient = MPRester(given)
    except ValueError as error:
        raise InputError(
            f"api_key must be a key of the Materials Project; got one of "
            f"{len(given)} characters ({error}). Copy it from "
            "https://materialsproject.org/api."
        ) from None
    return client, options
