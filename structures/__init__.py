"""Crystals: prototypes, ordering, doping, surfaces, interfaces, relaxation, XRD."""

from structures.charge_balance import ChargeBalance, balance_charge
from structures.chemical_potentials import ChemicalPotentials, chemical_potentials
from structures.coordination import Coordination, coordination
from structures.crystal_files import read_crystal
from structures.defect_energy import DefectEnergy, defect_energies, defect_energy
from structures.description import CrystalDescription, describe_crystal
from structures.diffraction import xray_pattern
from structures.diffraction_pattern import DiffractionPattern
from structures.disordered_crystal import DisorderedCrystal
from structures.disordered_crystal_files import read_disordered_crystal
from structures.dopants import LlzoDopant, load_llzo_dopants
from structures.doping import build_doped
from structures.doping_host import DopingHost, prepare_host
from structures.doping_result import DopedCell, Doping
from structures.duplicates import Duplicates, UniqueStructures, find_duplicates
from structures.hops import Hop, distinct_hops
from structures.interface import Interface, build_interface
from structures.interface_plan import (
    InterfacePlan,
    PlannedInterface,
    plan_interfaces,
)
from structures.lattice_match import LatticeMatch, lattice_matches
from structures.matching import (
    RELAXED,
    MatchCriteria,
    StructureMatch,
    match_structures,
)
from structures.measured_pattern import (
    MeasuredPattern,
    measured_pattern,
    read_measured_pattern,
)
from structures.metal_free_control import build_metal_free_control
from structures.migration_barriers import migration_barriers
from structures.migration_graph import HopBarrier, MigrationGraph
from structures.minimum_energy_path import MinimumEnergyPath
from structures.nudged_elastic_band import minimum_energy_paths
from structures.ordering import Ordering
from structures.pattern_fit import PatternFit, fit_pattern
from structures.peak_shape import PeakShape
from structures.polyhedra import Polyhedra, polyhedra, shared_edges
from structures.polyhedron_links import Link, Sharing
from structures.prototypes import (
    available_prototypes,
    build_m_defect_layers,
    build_prototype,
)
from structures.prototypes.llzo import build_llzo_cubic
from structures.random_structures import (
    RandomStructures,
    build_random_structure,
    build_random_structures,
)
from structures.reference_oxides import build_reference_oxide
from structures.reference_phases import phase_energies, reference_structures
from structures.registry import Registry, search_registry
from structures.relaxation import Relaxation, relax
from structures.site_labels import label_sites, site_labels
from structures.site_ordering import order_sites
from structures.slabs import Slab, build_slab, slab_choices
from structures.terminations import Termination, surface_terminations
from structures.voids import Voids, find_voids

__all__ = [
    "RELAXED",
    "ChargeBalance",
    "ChemicalPotentials",
    "Coordination",
    "CrystalDescription",
    "DefectEnergy",
    "DiffractionPattern",
    "DisorderedCrystal",
    "DopedCell",
    "Doping",
    "DopingHost",
    "Duplicates",
    "Hop",
    "HopBarrier",
    "Interface",
    "InterfacePlan",
    "LatticeMatch",
    "Link",
    "LlzoDopant",
    "MatchCriteria",
    "MeasuredPattern",
    "MigrationGraph",
    "MinimumEnergyPath",
    "Ordering",
    "PatternFit",
    "PeakShape",
    "PlannedInterface",
    "Polyhedra",
    "RandomStructures",
    "Registry",
    "Relaxation",
    "Sharing",
    "Slab",
    "StructureMatch",
    "Termination",
    "UniqueStructures",
    "Voids",
    "available_prototypes",
    "balance_charge",
    "build_doped",
    "build_interface",
    "build_llzo_cubic",
    "build_m_defect_layers",
    "build_metal_free_control",
    "build_prototype",
    "build_random_structure",
    "build_random_structures",
    "build_reference_oxide",
    "build_slab",
    "chemical_potentials",
    "coordination",
    "defect_energies",
    "defect_energy",
    "describe_crystal",
    "distinct_hops",
    "find_duplicates",
    "find_voids",
    "fit_pattern",
    "label_sites",
    "lattice_matches",
    "load_llzo_dopants",
    "match_structures",
    "measured_pattern",
    "migration_barriers",
    "minimum_energy_paths",
    "order_sites",
    "phase_energies",
    "plan_interfaces",
    "polyhedra",
    "prepare_host",
    "read_crystal",
    "read_disordered_crystal",
    "read_measured_pattern",
    "reference_structures",
    "relax",
    "search_registry",
    "shared_edges",
    "site_labels",
    "slab_choices",
    "surface_terminations",
    "xray_pattern",
]
