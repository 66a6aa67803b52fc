"""Everything of a training run that is settled before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from ase.data import atomic_numbers, chemical_symbols

from mlip.initial_model import find_start
from mlip.model_card import file_sha256
from mlip.training_config import SplitConfig, TrainingConfig
from training_data import (
    Dataset,
    InputError,
    Split,
    read_dataset,
    shipped_names,
    shipped_path,
    split_by_group,
)
from training_data.level_of_theory import D3


@dataclass(frozen=True, kw_only=True)
class TrainingSetup:
    """Data and division of a run, checked.

    Parameters
    ----------
    split
        Training, validation and test frames with the labels that are learnt.
    judged
        The same frames at the level of the finished model: the same labels, or
        with the dispersion that is added at run time.
    runtime_dispersion
        Dispersion that the finished model adds at run time, or empty.
    data_sha256
        Hash of every data file, by the name it was asked for.
    species
        Elements of all frames, by atomic number.

    """

    split: Split
    judged: Split
    runtime_dispersion: str
    data_sha256: Mapping[str, str]
    species: tuple[str, ...]


def prepare_training(config: TrainingConfig) -> TrainingSetup:
    """Read and check the data of a run, without writing anything.

    Parameters
    ----------
    config
        The run.

    Returns
    -------
    TrainingSetup

    Raises
    ------
    InputError
        Data that cannot be read or brought to the level, an empty training set, or
        a weight for a config_type that does not occur.

    """
    paths = {name: find_data(name) for name in config.dataset}
    labels = reduce(Dataset.joined, map(read_dataset, paths.values()))
    target = labels.at_level(config.level)
    added = _runtime_dispersion(config)
    dataset = labels.at_level(labels.level.functional) if added else target
    kinds = set(dataset.config_types)
    unknown = sorted(set(config.config_type_weights) - kinds)
    if unknown:
        message = (
            "config_type_weights must name kinds of system in the data, "
            f"{sorted(kinds)!r}; got {unknown!r}. Correct the names."
        )
        raise InputError(message)
    split, judged = divide(dataset, config.split), divide(target, config.split)
    if len(split.train) == 0:
        message = (
            "split must leave frames to train on; got none of "
            f"{len(dataset)}. Hold out fewer groups, or change its fractions or salt."
        )
        raise InputError(message)
    _check_elements(config, dataset, split)
    return TrainingSetup(
        split=split,
        judged=judged,
        runtime_dispersion=added,
        data_sha256={name: file_sha256(path) for name, path in paths.items()},
        species=tuple(sorted(dataset.species, key=lambda s: atomic_numbers[s])),
    )


def _check_elements(config: TrainingConfig, dataset: Dataset, split: Split) -> None:
    known: set[str] = set()
    if config.start_from is not None:
        numbers = find_start(config.start_from)[1].architecture["atomic_numbers"]
        known = {chemical_symbols[number] for number in numbers}
    unseen = sorted(dataset.species - split.train.species - known)
    if unseen:
        message = (
            "split must leave training frames of every element that the model does "
            f"not know; got none of {unseen!r}. Hold out fewer groups, or change its "
            "fractions or salt."
        )
        raise InputError(message)


def _runtime_dispersion(config: TrainingConfig) -> str:
    earlier = ""
    if config.start_from is not None:
        earlier = find_start(config.start_from)[1].runtime_dispersion
    wanted = config.dispersion or ("runtime" if earlier else "learnt")
    if earlier and wanted == "learnt":
        message = (
            "dispersion must be 'runtime' or left out for a start_from that adds "
            f"{earlier} at run time; got 'learnt'. Its network knows the bare "
            "functional alone: train a new one to learn the sum."
        )
        raise InputError(message)
    if wanted == "learnt":
        return ""
    if not config.level.endswith(f"-{D3}"):
        message = (
            f"level must end in '-{D3}' when dispersion is added at run time; got "
            f"{config.level!r}. Give e.g. 'PBE-{D3}'."
        )
        raise InputError(message)
    return D3


def find_data(name: str) -> Path:
    """File of a data set, by the name of a shipped one or by its path."""
    path = Path(name)
    if not path.exists() and name in shipped_names():
        return shipped_path(name)
    return path


def divide(dataset: Dataset, config: SplitConfig) -> Split:
    """Training, validation and test frames of a data set.

    Held-out parents and group_ids go to the test set whole; the rest is divided by
    the key.

    Parameters
    ----------
    dataset
        All frames.
    config
        How to divide them.

    Returns
    -------
    Split

    Raises
    ------
    InputError
        A held-out name does not occur.

    """
    return split_by_group(
        dataset,
        fractions=config.fractions,
        key=config.key,
        held_out=config.held_out,
        salt=config.salt,
    )
