"""Inputs of the stages: potentials, labels and structures by name or by file."""

from pathlib import Path
from typing import TYPE_CHECKING

from lithophile.doping_settings import CUBIC_GARNET
from mlip import available_models, load_potential, with_engine
from mlip.model_card import ModelCard, card_path, read_card
from structures.crystal_files import read_crystal as read_crystal_file
from structures.prototypes import available_prototypes, build_prototype
from training_data import (
    Dataset,
    InputError,
    load_shipped,
    read_dataset,
    shipped_names,
    shipped_path,
)

if TYPE_CHECKING:
    from ase import Atoms

    from lithophile.settings import ModelSettings
    from mlip import Potential


def open_potential(settings: "ModelSettings") -> "Potential":
    """Potential that the settings name, through the engine that they name."""
    potential = load_potential(
        settings.model,
        dtype=settings.dtype,
        device=settings.device,
        trust_model=settings.trust_model,
    )
    return with_engine(potential, engine=settings.engine)


def read_labels(name: str, *, level: str | None = None) -> Dataset:
    """Labelled configurations of a shipped data set or of a file."""
    if name in shipped_names():
        return load_shipped(name, level=level)
    return read_dataset(name, level=level)


def labels_path(name: str) -> Path:
    """File behind a data set."""
    return shipped_path(name) if name in shipped_names() else Path(name)


def read_crystal(name: str) -> "Atoms":
    """Prototype by name, or the crystal of a file.

    Raises
    ------
    InputError
        When `name` is neither, or is or holds no ordered crystal.

    """
    if name in available_prototypes():
        return build_prototype(name)
    if name == CUBIC_GARNET:
        raise InputError(
            f"structure must be ordered; got {name!r}, which has partly occupied "
            "sites. Order it first, `lithophile build llzo --out llzo`, and give one "
            "of the files that this writes; LLZO-tetragonal is ordered already."
        )
    if not Path(name).is_file():
        raise InputError(
            f"structure must be a prototype ({', '.join(available_prototypes())}) or "
            f"an existing file; got {name!r}. Check the name."
        )
    return read_crystal_file(name)


def crystal_path(name: str) -> Path | None:
    """File behind a crystal; none for a prototype."""
    return None if name in available_prototypes() else Path(name)


def model_path(name: str) -> Path | None:
    """Weights file of a potential; none for one that has no file of ours."""
    for entry in available_models():
        if entry.name == name:
            return entry.path
    path = Path(name)
    if path.is_dir():
        return next(iter(sorted(path.glob("*.safetensors"))), None)
    return path if path.is_file() else None


def model_card(name: str) -> ModelCard | None:
    """Card beside a potential's weights; none where there is no card."""
    weights = model_path(name)
    if weights is None or not card_path(weights).is_file():
        return None
    return read_card(card_path(weights))
