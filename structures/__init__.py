"""Prototypes, slabs, interfaces and relaxation."""

from structures.coordination import Coordination, coordination
from structures.disordered_crystal import DisorderedCrystal
from structures.disordered_crystal_files import read_disordered_crystal
from structures.duplicates import Duplicates, UniqueStructures, find_duplicates
from structures.interface import Interface, build_interface
from structures.interface_plan import (
    InterfacePlan,
    PlannedInterface,
    plan_interfaces,
)
from structures.lattice_match import LatticeMatch, lattice_matches
from structures.matching import MatchCriteria, StructureMatch, match_structures
from structures.metal_free_control import build_metal_free_control
from structures.ordering import Ordering
from structures.polyhedra import Link, Polyhedra, Sharing, polyhedra, shared_edges
from structures.prototypes import available_prototypes, build_prototype
from structures.prototypes.llzo import build_llzo_cubic
from structures.registry import Registry, search_registry
from structures.relaxation import Relaxation, relax
from structures.site_ordering import order_sites
from structures.slabs import Slab, build_slab, slab_choices
from structures.terminations import Termination, surface_terminations

__all__ = [
    "Coordination",
    "DisorderedCrystal",
    "Duplicates",
    "Interface",
    "InterfacePlan",
    "LatticeMatch",
    "Link",
    "MatchCriteria",
    "Ordering",
    "PlannedInterface",
    "Polyhedra",
    "Registry",
    "Relaxation",
    "Sharing",
    "Slab",
    "StructureMatch",
    "Termination",
    "UniqueStructures",
    "available_prototypes",
    "build_interface",
    "build_llzo_cubic",
    "build_metal_free_control",
    "build_prototype",
    "build_slab",
    "coordination",
    "find_duplicates",
    "lattice_matches",
    "match_structures",
    "order_sites",
    "plan_interfaces",
    "polyhedra",
    "read_disordered_crystal",
    "relax",
    "search_registry",
    "shared_edges",
    "slab_choices",
    "surface_terminations",
]
