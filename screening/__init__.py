"""Screening of dopants, conductors and interphases: nothing in this release."""
