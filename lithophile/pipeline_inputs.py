"""Inputs of the whole line, read once before the first stage begins."""

from collections.abc import Set as AbstractSet
from pathlib import Path

from lithophile.pipeline_settings import RunSettings
from lithophile.stages.inputs import (
    crystal_path,
    labels_path,
    model_path,
    open_potential,
    read_crystal,
    read_labels,
)
from lithophile.stages.training import with_model_path
from mlip.initial_model import find_start
from training_data import InputError, read_structures


def input_paths(settings: RunSettings) -> list[Path | None]:
    """Files that the line is made from."""
    paths = [model_path(settings.model), settings.structure]
    if settings.evaluate is not None:
        paths.append(labels_path(settings.evaluate.dataset))
    if settings.train is not None:
        paths.extend(map(labels_path, settings.train.dataset))
        paths.append(with_model_path(settings.train).start_from)
    if settings.interface is not None:
        paths.append(crystal_path(settings.interface.electrolyte))
        paths.append(crystal_path(settings.interface.metal))
    return paths


def check_inputs(settings: RunSettings) -> None:
    """Read every input once, so that a mistake shows now and not in an hour.

    Raises
    ------
    InputError
        An input cannot be read, or an analysis asks for an element that no input
        contains.

    """
    open_potential(settings)
    if settings.evaluate is not None:
        read_labels(settings.evaluate.dataset)
    if settings.train is not None:
        for name in settings.train.dataset:
            read_labels(name)
        start = with_model_path(settings.train).start_from
        if start is not None:
            find_start(start)
    if settings.interface is not None:
        electrolyte = set(read_crystal(settings.interface.electrolyte).symbols)
        metal = set(read_crystal(settings.interface.metal).symbols)
        _check_analyses(settings, electrolyte | metal, control=electrolyte)
        if settings.transport is not None:
            chosen = settings.transport.species
            _check_element("transport.species", chosen, electrolyte)
    if settings.structure is not None:
        atoms = read_structures(settings.structure, index="-1")[0]
        _check_analyses(settings, set(atoms.symbols), control=set())


def _check_analyses(
    settings: RunSettings, present: AbstractSet[str], *, control: AbstractSet[str]
) -> None:
    """Refuse analyses of elements that are not there."""
    for index, chosen in enumerate(settings.msd or ()):
        _check_element(f"msd.{index}.species", chosen.species, present)
    if settings.dissolution is None:
        return
    for name in ("species", "ligand"):
        element = getattr(settings.dissolution, name)
        _check_element(f"dissolution.{name}", element, present)
        if settings.control is not None:
            _check_element(f"dissolution.{name} (in the control)", element, control)


def _check_element(name: str, element: str, present: AbstractSet[str]) -> None:
    if element not in present:
        raise InputError(
            f"{name} must be an element of the structure ({', '.join(sorted(present))}"
            f"); got {element!r}. Correct it, or leave the analysis out."
        )
