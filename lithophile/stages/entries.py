"""Entries for the screening stages: the shipped ones, a user's own, or both."""

from lithophile.screening_settings import EntriesSettings
from screening import Entries, load_entries
from screening.entries_files import read_entries
from training_data import InputError


def open_entries(settings: EntriesSettings) -> Entries:
    """Entries that the settings ask for.

    The shipped ones hold the halides anchored by reaction energies too.

    Raises
    ------
    InputError
        If a file cannot be read, or its energies are of another correction scheme than
        the shipped ones that they are to join.

    """
    if settings.entries is None:
        if settings.own_only:
            raise InputError(
                "own_only must come with own entries; got none. Add --entries FILE."
            )
        return load_entries(with_halides=True)
    own = read_entries(settings.entries, scheme=settings.scheme)
    if settings.own_only:
        return own
    return load_entries(with_halides=True).merged_with(own)
