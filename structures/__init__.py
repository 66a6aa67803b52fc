"""Prototypes, slabs, interfaces and relaxation."""

from structures.coordination import Coordination, coordination
from structures.interface import (
    Interface,
    build_interface,
    build_metal_free_control,
)
from structures.lattice_match import LatticeMatch, lattice_matches
from structures.polyhedra import Link, Polyhedra, Sharing, polyhedra, shared_edges
from structures.prototypes import available_prototypes, build_prototype
from structures.relaxation import Relaxation, relax
from structures.slabs import Slab, build_slab

__all__ = [
    "Coordination",
    "Interface",
    "LatticeMatch",
    "Link",
    "Polyhedra",
    "Relaxation",
    "Sharing",
    "Slab",
    "available_prototypes",
    "build_interface",
    "build_metal_free_control",
    "build_prototype",
    "build_slab",
    "coordination",
    "lattice_matches",
    "polyhedra",
    "relax",
    "shared_edges",
]
