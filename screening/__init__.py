"""Screening of dopants, conductors and interphases: entries and their hulls."""

from screening.band_gaps import BandGap, band_gap
from screening.competing_reactions import competing_reactions
from screening.entries import Entries
from screening.formulas import read_formula, reduced_formula
from screening.reaction import Reaction
from screening.shipped_entries import load_entries
from screening.stability_map import StabilityMap, stability_map
from screening.titration import Titration, titration
from screening.window import ElectrochemicalWindow, electrochemical_window

__all__ = [
    "BandGap",
    "ElectrochemicalWindow",
    "Entries",
    "Reaction",
    "StabilityMap",
    "Titration",
    "band_gap",
    "competing_reactions",
    "electrochemical_window",
    "load_entries",
    "read_formula",
    "reduced_formula",
    "stability_map",
    "titration",
]
