"""Everything of a training run that is settled before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from ase.data import atomic_numbers

from mlip.model_card import file_sha256
from mlip.training_config import SplitConfig, TrainingConfig
from mlip.training_start import Start, load_start
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
from training_data.versions import dataset_version


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
    start
        What training begins with; None for a new network.
    old_data
        Data that the earlier model knew, at its level; None where there are none.
    no_old_data
        Why there are none.
    data_versions
        Version of every data file: number, hash, frames per kind and element.

    """

    split: Split
    judged: Split
    runtime_dispersion: str
    data_sha256: Mapping[str, str]
    species: tuple[str, ...]
    start: Start | None
    old_data: Dataset | None
    no_old_data: str
    data_versions: Mapping[str, Mapping[str, Any]]


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
    parts = [read_dataset(path) for path in paths.values()]
    labels = reduce(Dataset.joined, parts)
    target = labels.at_level(config.level)
    start = load_start(config)
    added = _runtime_dispersion(config, start)
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
    _check_elements(start, dataset, split)
    if config.patience_epochs is not None and len(split.validation) == 0:
        message = (
            "patience_epochs must be left out when no frame validates; got "
            f"{config.patience_epochs}. Give split.fractions a share for validation."
        )
        raise InputError(message)
    old_data, no_old_data = _find_old_data(config, start)
    return TrainingSetup(
        split=split,
        judged=judged,
        runtime_dispersion=added,
        data_sha256={name: file_sha256(path) for name, path in paths.items()},
        species=tuple(sorted(dataset.species, key=lambda s: atomic_numbers[s])),
        start=start,
        old_data=old_data,
        no_old_data=no_old_data,
        data_versions={
            name: dataset_version(path, dataset=part).to_json()
            for (name, path), part in zip(paths.items(), parts, strict=True)
        },
    )


def _check_elements(start: Start | None, dataset: Dataset, split: Split) -> None:
    known = set() if start is None else set(start.known)
    unseen = sorted(dataset.species - split.train.species - known)
    if unseen:
        message = (
            "split must leave training frames of every element that the model does "
            f"not know; got none of {unseen!r}. Hold out fewer groups, or change its "
            "fractions or salt."
        )
        raise InputError(message)


def _runtime_dispersion(config: TrainingConfig, start: Start | None) -> str:
    earlier = "" if start is None else start.card.runtime_dispersion
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
        asked = f"start_from ({start.card.name})" if start and earlier else "dispersion"
        message = (
            f"level must end in '-{D3}' when dispersion is added at run time, as "
            f"{asked} asks; got {config.level!r}. Give e.g. 'PBE-{D3}'."
        )
        raise InputError(message)
    return D3


def _find_old_data(
    config: TrainingConfig, start: Start | None
) -> tuple[Dataset | None, str]:
    """Find the data that judge forgetting, or the reason why there are none."""
    if start is None:
        return None, "there is no earlier model"
    if not start.keeps_elements:
        return None, "a foundation model comes without its data"
    level = start.card.level_of_theory
    if config.old_data == ():
        return None, "old_data is empty"
    if config.old_data is not None:
        sets = [read_dataset(find_data(name), level=level) for name in config.old_data]
    else:
        paths = [find_data(name) for name in start.card.data_sha256]
        try:
            sets = [read_dataset(p, level=level) for p in paths if p.is_file()]
        except InputError as error:  # not asked for by name: no reason to end
            return None, str(error)
    if not sets:
        return None, f"none of {sorted(start.card.data_sha256)} is there; give old_data"
    return reduce(Dataset.joined, sets), ""


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
