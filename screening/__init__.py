"""Screening of dopants, conductors and interphases: entries and their hulls."""

from screening.band_gaps import BandGap, band_gap
from screening.entries import Entries
from screening.formulas import read_formula, reduced_formula
from screening.shipped_entries import load_entries

__all__ = [
    "BandGap",
    "Entries",
    "band_gap",
    "load_entries",
    "read_formula",
    "reduced_formula",
]
