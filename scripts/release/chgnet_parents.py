"""Crystals and slabs of Li-Zr-Cl built from scratch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.build import bulk
from chgnet_structures import Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

SITES = {"A": (0.0, 0.0), "B": (1 / 3, 2 / 3), "C": (2 / 3, 1 / 3)}


def hex_stack(
    a: float, layers: Sequence[tuple[str, str, float]], c: float, gamma: float = 120.0
) -> Atoms:
    """Close-packed sheets on a hexagonal cell.

    Parameters
    ----------
    a, c
        Lattice constants [Å].
    layers
        Symbol, site (A, B or C) and height [Å] of each sheet.
    gamma
        Angle of the cell [degree].

    Returns
    -------
    Atoms
        One atom per sheet.
    """
    atoms = Atoms(cell=[a, a, c, 90, 90, gamma], pbc=True)
    atoms.extend(Atoms([s for s, _, _ in layers]))
    atoms.set_scaled_positions([(*SITES[site], z / c) for _, site, z in layers])
    return atoms


def close_packed(symbol: str, a: float, stacking: str) -> Atoms:
    """Close-packed metal with the given stacking, such as ABCBCACAB for 9R."""
    step = a * np.sqrt(2 / 3)
    layers = [(symbol, site, i * step) for i, site in enumerate(stacking)]
    return hex_stack(a, layers, len(stacking) * step)


def zrcl2(prismatic: bool) -> Atoms:
    """One ZrCl2 layer per cell, CdI2-like or with trigonal prisms."""
    top = "B" if prismatic else "C"
    layers = [("Zr", "A", 3.0), ("Cl", "B", 1.35), ("Cl", top, 4.65)]
    return hex_stack(3.4, layers, 6.5)


def licl_111(n_layers: int = 8, vacuum: float = 9.0) -> Atoms:
    """Polar LiCl(111) slab with alternating Li and Cl sheets."""
    step, a = 5.1 / (2 * np.sqrt(3)), 5.1 / np.sqrt(2)
    layers = [
        ("Li" if i % 2 == 0 else "Cl", "ACB"[i % 3], 1.0 + i * step)
        for i in range(n_layers)
    ]
    return hex_stack(a, layers, n_layers * step + vacuum)


def metal_parents() -> list[Sample]:
    """Crystals of Li and Zr."""
    return [
        Sample(bulk("Li", "bcc", a=3.4, cubic=True).repeat(2), "Li", "Li-bcc"),
        Sample(close_packed("Li", 3.03, "ABC").repeat((2, 2, 1)), "Li", "Li-fcc"),
        Sample(close_packed("Li", 3.03, "AB").repeat((2, 2, 2)), "Li", "Li-hcp"),
        Sample(close_packed("Li", 3.03, "ABCBCACAB"), "Li", "Li-9R"),
        Sample(close_packed("Zr", 3.2, "AB").repeat((2, 2, 1)), "Zr", "Zr-hcp"),
        Sample(bulk("Zr", "bcc", a=3.55, cubic=True).repeat(2), "Zr", "Zr-bcc"),
        Sample(close_packed("Zr", 3.2, "ABC").repeat((2, 1, 1)), "Zr", "Zr-fcc"),
    ]


def salt_parents() -> list[Sample]:
    """Crystals of LiCl and ZrCl2."""
    rock = bulk("LiCl", "rocksalt", a=5.08, cubic=True)
    cscl = bulk("LiCl", "cesiumchloride", a=3.12, cubic=True)
    return [
        Sample(rock.repeat((2, 1, 1)), "LiCl", "LiCl-rocksalt"),
        Sample(cscl.repeat(2), "LiCl", "LiCl-CsCl-type"),
        Sample(zrcl2(False).repeat((2, 2, 1)), "ZrCl2", "ZrCl2-1T"),
        Sample(zrcl2(True).repeat((2, 2, 1)), "ZrCl2", "ZrCl2-prismatic"),
    ]
