"""Interatomic potentials: training, evaluation, registry.

The only room that imports torch, and it does so only once a network is wanted.
"""

from mlip.ase_potential import AsePotential
from mlip.committee import CommitteePotential, build_committee
from mlip.cpu import use_threads
from mlip.dispersion_potential import DispersionPotential
from mlip.evaluation import Evaluation, Prediction
from mlip.model_card import ModelCard, read_card, write_card
from mlip.potential import Potential, Session
from mlip.registry import ModelEntry, available_models, card_of, load_potential

__all__ = [
    "AsePotential",
    "CommitteePotential",
    "DispersionPotential",
    "Evaluation",
    "ModelCard",
    "ModelEntry",
    "Potential",
    "Prediction",
    "Session",
    "available_models",
    "build_committee",
    "card_of",
    "load_potential",
    "read_card",
    "use_threads",
    "write_card",
]
