"""Division into training, validation and test sets by whole groups."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from training_data.dataset import Dataset
from training_data.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Split:
    """Three parts of a data set that share no group.

    Parameters
    ----------
    train, validation, test
        The parts; validation and test may be empty.

    """

    train: Dataset
    validation: Dataset
    test: Dataset


def split_by_group(
    dataset: Dataset,
    *,
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1),
    key: str = "parent",
    held_out: Sequence[str] = (),
    salt: str = "",
) -> Split:
    """Divide a data set so that no group lies on both sides.

    Every group goes where the hash of its own name sends it. Appending data
    therefore never moves an old group, and the fractions are met on average.

    Parameters
    ----------
    dataset
        Frames to divide.
    fractions
        Expected shares of groups in training, validation and test; sum 1.
    key
        Entry of ``info`` that names the group (``"parent"``: a whole polymorph or
        trajectory; ``"group_id"``: one sampling of it); see `Dataset.groups`.
    held_out
        Groups, parents or group_ids whose frames go to the test set whatever the
        hash says.
    salt
        Text added to the names, to draw another division.

    Returns
    -------
    Split
        Training, validation and test sets in the order of the frames.

    Raises
    ------
    InputError
        When the fractions are not shares, or a held-out group does not occur.

    Notes
    -----
    ``u = sha256(salt + name) / 2**256`` is uniform in [0, 1): training when
    ``u < f_train``, validation when ``u < f_train + f_validation``, test above.

    """
    if min(fractions) < 0 or not math.isclose(sum(fractions), 1.0, rel_tol=1e-9):
        message = (
            f"fractions must be three shares that sum to 1; got {fractions!r}. "
            "Try (0.8, 0.1, 0.1)."
        )
        raise InputError(message)
    groups = dataset.groups(key)
    names = list(zip(groups, dataset.parents, dataset.group_ids, strict=True))
    unknown = sorted(set(held_out).difference(*names))
    if unknown:
        message = (
            f"held_out must name groups of {dataset.source}; got {unknown!r}. "
            f"Its groups by {key!r} are: {', '.join(sorted(set(groups)))}."
        )
        raise InputError(message)
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    for i, (group, *others) in enumerate(names):
        digest = hashlib.sha256((salt + group).encode()).digest()
        share = int.from_bytes(digest[:8]) / 2**64
        if (
            not set(held_out).isdisjoint({group, *others})
            or share >= fractions[0] + fractions[1]
        ):
            parts[2].append(i)
        elif share >= fractions[0]:
            parts[1].append(i)
        else:
            parts[0].append(i)
    train, validation, test = (dataset.select(part) for part in parts)
    return Split(train=train, validation=validation, test=test)
