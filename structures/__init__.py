"""Prototypes, slabs, interfaces and relaxation."""

from structures.coordination import Coordination, coordination
from structures.duplicates import Duplicates, UniqueStructures, find_duplicates
from structures.interface import (
    Interface,
    build_interface,
    build_metal_free_control,
)
from structures.lattice_match import LatticeMatch, lattice_matches
from structures.matching import MatchCriteria, StructureMatch, match_structures
from structures.polyhedra import Link, Polyhedra, Sharing, polyhedra, shared_edges
from structures.prototypes import available_prototypes, build_prototype
from structures.relaxation import Relaxation, relax
from structures.slabs import Slab, build_slab

__all__ = [
    "Coordination",
    "Duplicates",
    "Interface",
    "LatticeMatch",
    "Link",
    "MatchCriteria",
    "Polyhedra",
    "Relaxation",
    "Sharing",
    "Slab",
    "StructureMatch",
    "UniqueStructures",
    "available_prototypes",
    "build_interface",
    "build_metal_free_control",
    "build_prototype",
    "build_slab",
    "coordination",
    "find_duplicates",
    "lattice_matches",
    "match_structures",
    "polyhedra",
    "relax",
    "shared_edges",
]
