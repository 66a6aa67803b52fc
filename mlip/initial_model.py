"""The network that training begins with: new, or an earlier one on new references."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_numbers, chemical_symbols

from mlip.mace_import import import_mace
from mlip.mace_model import build_mace, describe_architecture
from mlip.model_card import ModelCard, card_path, check_weights, read_card
from mlip.reference_energies import (
    ReferenceEnergies,
    fit_reference_energies,
    given_reference_energies,
)
from mlip.training_config import TrainingConfig
from mlip.training_graphs import build_graphs, build_loader
from training_data import Dataset, InputError

if TYPE_CHECKING:
    from mlip.training_start import Start

_WEIGHTS = "model.safetensors"


@dataclass(frozen=True, kw_only=True)
class InitialModel:
    """A network ready to be trained, and what it was made from.

    Parameters
    ----------
    network
        mace module in torch's default precision, weights free to change.
    architecture
        Plain description from which it is rebuilt.
    references
        Its reference energies and the offsets that they leave.
    graphs
        Training frames as graphs for this network, with labels and weights.
    new_elements
        {element that the earlier model lacked: element whose weights it began with}.

    """

    network: Any
    architecture: Mapping[str, Any]
    references: ReferenceEnergies
    graphs: list[Any]
    new_elements: Mapping[str, str] = field(default_factory=dict)


def find_start(path: Path) -> tuple[Path, ModelCard]:
    """Weights file and card of an earlier model, whose hash has been verified.

    Parameters
    ----------
    path
        Weights file, or a run folder that holds one.

    Returns
    -------
    tuple
        Path of the weights and the card beside them.

    Raises
    ------
    InputError
        No weights, no card, or weights that are not those of the card.

    """
    weights = path / _WEIGHTS if path.is_dir() else path
    if not weights.is_file():
        message = (
            "start_from must be a weights file (*.safetensors) or a finished run "
            f"folder; got {str(path)!r}. Correct the path."
        )
        raise InputError(message)
    card = read_card(card_path(weights))
    check_weights(card, weights)
    return weights, card


def build_initial_model(
    config: TrainingConfig, train: Dataset, start: "Start | None" = None
) -> InitialModel:
    """Network for a run, in torch's default precision.

    Parameters
    ----------
    config
        The run.
    train
        Training frames: they set reference energies, and for a new network the
        mean number of neighbours and the scale of the forces.
    start
        Earlier model (:func:`mlip.training_start.load_start`).

    Returns
    -------
    InitialModel

    Raises
    ------
    InputError
        A starting model or reference energies that do not fit the data.

    """
    import torch

    import_mace()
    if config.device.startswith("cuda") and not torch.cuda.is_available():
        message = (
            f"device must be one that PyTorch can use; got {config.device!r}. "
            "Take cpu, or install PyTorch with CUDA."
        )
        raise InputError(message)
    if start is None:
        return _new_model(config, train)
    return _earlier_model(config, train, start)


def _new_model(config: TrainingConfig, train: Dataset) -> InitialModel:
    import torch

    references = _fit_or_take(config, train)
    symbols = references.energies_eV
    graphs = build_graphs(
        train,
        numbers=sorted(atomic_numbers[s] for s in symbols),
        r_max_A=config.architecture.r_max_A,
        config_type_weights=config.config_type_weights,
    )
    rms_force = float(np.sqrt(np.mean(np.square(np.concatenate(train.forces)))))
    architecture = describe_architecture(
        config.architecture,
        reference_energies_eV=symbols,
        average_neighbours=sum(g.edge_index.shape[1] for g in graphs) / train.n_atoms,
        force_scale_eV_per_A=rms_force if rms_force > 0 else 1.0,
    )
    # imports above draw random numbers: seed here, so that a run repeats itself
    torch.manual_seed(config.seed)
    return InitialModel(
        network=build_mace(architecture),
        architecture=architecture,
        references=references,
        graphs=graphs,
    )


def _earlier_model(
    config: TrainingConfig, train: Dataset, earlier: "Start"
) -> InitialModel:
    import torch

    from mlip.weights import build_model  # noqa: PLC0415

    card = earlier.card
    architecture, tensors = dict(card.architecture), earlier.read_tensors()
    origins = _new_elements(config, train, card)
    kept = [s for s in earlier.known if earlier.keeps_elements or s in train.species]
    if origins or len(kept) < len(earlier.known):
        from mlip.new_elements import with_elements  # noqa: PLC0415 (torch)

        architecture, tensors = with_elements(
            architecture,
            tensors,
            symbols=[*kept, *origins],
            origins=origins,
        )
    network: Any = build_model(architecture, tensors, dtype=config.dtype)
    numbers, known = architecture["atomic_numbers"], _symbols(architecture)
    start = dict(zip(known, architecture["atomic_energies"], strict=True))
    graphs = build_graphs(
        train,
        numbers=numbers,
        r_max_A=architecture["r_max"],
        config_type_weights=config.config_type_weights,
    )
    if config.reference_energies == "least_squares":
        references = fit_reference_energies(
            train.frames,
            energies=train.energies,
            explained=_predict_energies(network, graphs),
            start=start,
            groups=train.config_types,
            new=tuple(origins),
        )
        references = replace(references, source=f"least_squares from {card.name}")
    else:
        references = _fit_or_take(config, train)
        start.update(references.energies_eV)
        references = replace(references, energies_eV=start)
    new = [references.energies_eV[symbol] for symbol in known]
    buffer = network.atomic_energies_fn.atomic_energies
    buffer.copy_(torch.as_tensor(new, dtype=buffer.dtype).reshape(buffer.shape))
    for parameter in network.parameters():
        parameter.requires_grad_(True)
    return InitialModel(
        network=network.train(),
        architecture={**architecture, "atomic_energies": new},
        references=references,
        graphs=graphs,
        new_elements=origins,
    )


def _symbols(architecture: Mapping[str, Any]) -> list[str]:
    return [chemical_symbols[number] for number in architecture["atomic_numbers"]]


def _new_elements(
    config: TrainingConfig, train: Dataset, card: ModelCard
) -> dict[str, str]:
    known = _symbols(card.architecture)
    if not config.new_elements and train.species <= set(known):
        return {}
    from mlip.new_elements import choose_origins  # noqa: PLC0415 (torch)

    return choose_origins(sorted(train.species), known=known, given=config.new_elements)


def _fit_or_take(config: TrainingConfig, train: Dataset) -> ReferenceEnergies:
    if config.reference_energies == "least_squares":
        return fit_reference_energies(
            train.frames, energies=train.energies, groups=train.config_types
        )
    return given_reference_energies(
        config.reference_energies,
        train.frames,
        energies=train.energies,
        groups=train.config_types,
    )


def _predict_energies(network: Any, graphs: list[Any]) -> np.ndarray:  # noqa: ANN401
    energies = [
        network(batch.to_dict(), compute_force=False)["energy"].detach().numpy()
        for batch in build_loader(graphs, batch_size=16)
    ]
    return np.concatenate(energies).astype(float)
