"""Screening of dopants, conductors and interphases: entries and their hulls."""

from screening.band_gaps import BandGap, band_gap
from screening.bond_valence import BondValenceBarriers, bond_valence_barriers
from screening.competing_phases import DecompositionResult, decomposition_enthalpy
from screening.competing_reactions import competing_reactions
from screening.compound_energies import (
    CompoundEnergy,
    anchored_energies,
    anchored_energy,
    hull_compound_energy,
)
from screening.content_dependence import ContentDependence, content_dependence
from screening.decision_map import (
    DecisionMapResult,
    decision_map,
    plot_energy_against_feature,
)
from screening.dopant_models import classifiers
from screening.dopant_prediction import (
    DopantPredictionResult,
    DopantPredictor,
    dopant_predictor,
)
from screening.dopant_screening import DopantScreening, screen_dopants
from screening.dopant_study import DopantStudyResult, study_dopants
from screening.dopant_table import DopantRow, DopantTable, dopant_row, load_dopant_table
from screening.doped_energies import anchored_doped_energies
from screening.doped_formula import doped_formula
from screening.entries import Entries
from screening.entries_fetch import fetch_entries
from screening.entries_files import read_entries
from screening.entries_own import (
    entries_of_computed,
    entries_of_energies,
    entries_of_structures,
)
from screening.feature_importance import FeatureImportanceResult, feature_importance
from screening.features import DopantFeatures, dopant_coordination, dopant_features
from screening.formulas import read_formula, reduced_formula
from screening.learning_curve import LearningCurveResult, learning_curve
from screening.model_validation import ClassificationResult, validate_classifier
from screening.oxides import OxideEnthalpy, oxide_enthalpy
from screening.passivation import Interphase, interphase
from screening.reaction import Reaction
from screening.reaction_energies import (
    ReactionEnergy,
    load_reaction_energies,
    with_reaction_energies,
)
from screening.reaction_energy_models import RegressionResult, validate_regressor
from screening.reaction_energy_regressors import regressors
from screening.screened_table import dopant_table
from screening.shipped_entries import load_entries
from screening.stability_map import StabilityMap, stability_map
from screening.titration import Titration, titration
from screening.window import ElectrochemicalWindow, electrochemical_window

__all__ = [
    "BandGap",
    "BondValenceBarriers",
    "ClassificationResult",
    "CompoundEnergy",
    "ContentDependence",
    "DecisionMapResult",
    "DecompositionResult",
    "DopantFeatures",
    "DopantPredictionResult",
    "DopantPredictor",
    "DopantRow",
    "DopantScreening",
    "DopantStudyResult",
    "DopantTable",
    "ElectrochemicalWindow",
    "Entries",
    "FeatureImportanceResult",
    "Interphase",
    "LearningCurveResult",
    "OxideEnthalpy",
    "Reaction",
    "ReactionEnergy",
    "RegressionResult",
    "StabilityMap",
    "Titration",
    "anchored_doped_energies",
    "anchored_energies",
    "anchored_energy",
    "band_gap",
    "bond_valence_barriers",
    "classifiers",
    "competing_reactions",
    "content_dependence",
    "decision_map",
    "decomposition_enthalpy",
    "dopant_coordination",
    "dopant_features",
    "dopant_predictor",
    "dopant_row",
    "dopant_table",
    "doped_formula",
    "electrochemical_window",
    "entries_of_computed",
    "entries_of_energies",
    "entries_of_structures",
    "feature_importance",
    "fetch_entries",
    "hull_compound_energy",
    "interphase",
    "learning_curve",
    "load_dopant_table",
    "load_entries",
    "load_reaction_energies",
    "oxide_enthalpy",
    "plot_energy_against_feature",
    "read_entries",
    "read_formula",
    "reduced_formula",
    "regressors",
    "screen_dopants",
    "stability_map",
    "study_dopants",
    "titration",
    "validate_classifier",
    "validate_regressor",
    "with_reaction_energies",
]
