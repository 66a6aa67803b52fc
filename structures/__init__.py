"""Prototypes, slabs, interfaces and relaxation."""

from structures.interface import (
    Interface,
    build_interface,
    build_metal_free_control,
)
from structures.lattice_match import LatticeMatch, lattice_matches
from structures.prototypes import available_prototypes, build_prototype
from structures.relaxation import Relaxation, relax
from structures.slabs import Slab, build_slab

__all__ = [
    "Interface",
    "LatticeMatch",
    "Relaxation",
    "Slab",
    "available_prototypes",
    "build_interface",
    "build_metal_free_control",
    "build_prototype",
    "build_slab",
    "lattice_matches",
    "relax",
]
