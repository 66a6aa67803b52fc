"""Screening of dopants, conductors and interphases: entries and their hulls."""

from screening.band_gaps import BandGap, band_gap
from screening.competing_phases import DecompositionResult, decomposition_enthalpy
from screening.competing_reactions import competing_reactions
from screening.compound_energies import (
    CompoundEnergy,
    anchored_energies,
    anchored_energy,
    hull_energy,
)
from screening.content_dependence import ContentDependence, content_dependence
from screening.doped_formula import doped_formula
from screening.entries import Entries
from screening.entries_fetch import fetch_entries
from screening.entries_files import read_entries
from screening.entries_own import (
    entries_of_computed,
    entries_of_energies,
    entries_of_structures,
)
from screening.formulas import read_formula, reduced_formula
from screening.passivation import Interphase, interphase
from screening.reaction import Reaction
from screening.reaction_energies import (
    ReactionEnergy,
    load_reaction_energies,
    with_reaction_energies,
)
from screening.shipped_entries import load_entries
from screening.stability_map import StabilityMap, stability_map
from screening.titration import Titration, titration
from screening.window import ElectrochemicalWindow, electrochemical_window

__all__ = [
    "BandGap",
    "CompoundEnergy",
    "ContentDependence",
    "DecompositionResult",
    "ElectrochemicalWindow",
    "Entries",
    "Interphase",
    "Reaction",
    "ReactionEnergy",
    "StabilityMap",
    "Titration",
    "anchored_energies",
    "anchored_energy",
    "band_gap",
    "competing_reactions",
    "content_dependence",
    "decomposition_enthalpy",
    "doped_formula",
    "electrochemical_window",
    "entries_of_computed",
    "entries_of_energies",
    "entries_of_structures",
    "fetch_entries",
    "hull_energy",
    "interphase",
    "load_entries",
    "load_reaction_energies",
    "read_entries",
    "read_formula",
    "reduced_formula",
    "stability_map",
    "titration",
    "with_reaction_energies",
]
