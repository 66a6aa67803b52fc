"""Molecular dynamics: dynamics makes trajectories, analysis reads them."""
