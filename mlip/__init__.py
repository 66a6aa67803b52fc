"""Interatomic potentials: training, evaluation, registry.

The only room that imports torch, and it does so only once a network is wanted.
"""

from mlip.ase_potential import AsePotential
from mlip.calibration import Calibration, calibrate
from mlip.committee import CommitteePotential, build_committee
from mlip.cpu import use_threads
from mlip.dimers import DimerCurves, dimer_curves
from mlip.dispersion_potential import DispersionPotential
from mlip.engine import EngineReport, engine_report, with_engine
from mlip.evaluation import Evaluation, Prediction
from mlip.forgetting import ForgettingReport, forgetting_report
from mlip.memory_probe import MemoryReport, probe_memory
from mlip.model_card import ModelCard, read_card, write_card
from mlip.potential import Potential, Session
from mlip.potential_checks import PotentialCheck, check_potential
from mlip.registry import ModelEntry, available_models, card_of, load_potential
from mlip.selection import (
    DisagreementResult,
    SelectionResult,
    committee_disagreements,
    select_structures,
)
from mlip.startup_gate import GateReport, GateTolerances, check_against_reference

__all__ = [
    "AsePotential",
    "Calibration",
    "CommitteePotential",
    "DimerCurves",
    "DisagreementResult",
    "DispersionPotential",
    "EngineReport",
    "Evaluation",
    "ForgettingReport",
    "GateReport",
    "GateTolerances",
    "MemoryReport",
    "ModelCard",
    "ModelEntry",
    "Potential",
    "PotentialCheck",
    "Prediction",
    "SelectionResult",
    "Session",
    "available_models",
    "build_committee",
    "calibrate",
    "card_of",
    "check_against_reference",
    "check_potential",
    "committee_disagreements",
    "dimer_curves",
    "engine_report",
    "forgetting_report",
    "load_potential",
    "probe_memory",
    "read_card",
    "select_structures",
    "use_threads",
    "with_engine",
    "write_card",
]
