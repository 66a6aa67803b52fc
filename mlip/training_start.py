"""What training begins with: an earlier model of ours, or a foundation model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ase.data import chemical_symbols

from mlip.initial_model import find_start
from mlip.model_card import ModelCard
from mlip.training_config import TrainingConfig


@dataclass(frozen=True, kw_only=True)
class Start:
    """An earlier network, not yet built.

    Parameters
    ----------
    card
        Its card; made up for a foundation model.
    weights
        Its weights file.
    tensors
        Its weights, where they come from no file of ours.
    keeps_elements
        Whether elements that the data lack stay in the network.

    """

    card: ModelCard
    weights: Path
    tensors: Mapping[str, Any] | None = None
    keeps_elements: bool = True

    @property
    def known(self) -> tuple[str, ...]:
        """Elements of its network, by atomic number."""
        numbers = self.card.architecture["atomic_numbers"]
        return tuple(chemical_symbols[number] for number in numbers)

    def read_tensors(self) -> dict[str, Any]:
        """Parameters and buffers by name."""
        from mlip.weights import read_weights  # noqa: PLC0415 (torch)

        return read_weights(self.weights) if self.tensors is None else {**self.tensors}


def load_start(config: TrainingConfig) -> Start | None:
    """Load what a run begins with; None for a new network.

    Raises
    ------
    InputError
        It cannot be read, is not trusted, or is no network that can be rebuilt.

    """
    if config.start_from is not None:
        weights, card = find_start(config.start_from)
        return Start(card=card, weights=weights)
    if config.foundation is None:
        return None
    from mlip.foundation import load_foundation  # noqa: PLC0415 (torch)

    return load_foundation(config.foundation, trust_model=config.trust_model)
