"""Comparison of two crystals, whatever their cells, orientations and noise."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ase import Atoms

from structures.averaged_cell import averaged_primitive_cell
from structures.periodicity import require_periodic
from training_data.errors import InputError
from training_data.fingerprint import fingerprint

if TYPE_CHECKING:
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.core import Structure

UNIT_LENGTH_A = 2.7
"""Cube root of the volume per atom at which structure types are compared [Å]."""


@dataclass(frozen=True, kw_only=True)
class MatchCriteria:
    """When two structures count as the same.

    Parameters
    ----------
    fingerprint_tolerance
        Largest distance of the fingerprints; beyond it no site is compared.
    site_tolerance_A
        Largest distance of an atom from the one that it is mapped on [Å]; smaller
        displacements, also ordered ones, make no other structure.
    length_tolerance
        Largest relative difference of a lattice vector.
    angle_tolerance_deg
        Largest difference of an angle between lattice vectors [°].
    scale
        Compare at equal volume per atom: the same structure type, not the same
        structure.

    """

    fingerprint_tolerance: float = 0.15
    site_tolerance_A: float = 0.5
    length_tolerance: float = 0.1
    angle_tolerance_deg: float = 5.0
    scale: bool = False

    def __post_init__(self) -> None:
        """Refuse tolerances that are not positive."""
        for name in (
            "fingerprint_tolerance",
            "site_tolerance_A",
            "length_tolerance",
            "angle_tolerance_deg",
        ):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise InputError(
                    f"{name} must be positive; got {value!r}. Leave it at "
                    f"{type(self).__dataclass_fields__[name].default!r}."
                )


STRICT = MatchCriteria()

RELAXED = MatchCriteria(fingerprint_tolerance=0.05, site_tolerance_A=0.15)
"""For minima relaxed to forces of about 0.01 eV/Å, which carry no noise: keeps apart
what the default takes for rattled copies, such as pairs of metal atoms in a chain."""


@dataclass(frozen=True, kw_only=True)
class StructureMatch:
    """Whether two structures are the same, and by how much they differ.

    Parameters
    ----------
    same
        The verdict.
    reason
        What decided.
    fingerprint_distance
        Distance of the fingerprints, infinite for different species.
    rms_displacement_A, max_displacement_A
        Root mean square and largest distance of the mapped atoms [Å], of the mapping
        with the smallest root mean square; None where they were not mapped.

    """

    same: bool
    reason: str
    fingerprint_distance: float
    rms_displacement_A: float | None
    max_displacement_A: float | None

    def to_json(self) -> dict[str, Any]:
        """Verdict and distances; a distance that is infinite is None."""
        apart = self.fingerprint_distance
        return {
            "same": self.same,
            "reason": self.reason,
            "fingerprint_distance": apart if math.isfinite(apart) else None,
            "rms_displacement_A": self.rms_displacement_A,
            "max_displacement_A": self.max_displacement_A,
        }


def match_structures(
    first: Atoms, second: Atoms, *, criteria: MatchCriteria = STRICT
) -> StructureMatch:
    """Comparison of two crystals, whatever their cells and orientations.

    Parameters
    ----------
    first, second
        Periodic crystals.
    criteria
        When they count as the same.

    Returns
    -------
    StructureMatch
        Verdict, what decided, and distances.

    Raises
    ------
    InputError
        If one of them is no crystal.

    Notes
    -----
    Formula, then fingerprint, then sites: both are reduced to averaged primitive
    cells, and the smaller one is mapped onto the larger, as a supercell of it where it
    has fewer atoms (pymatgen's StructureMatcher). Displacements are those of the
    averaged cells. Mirror images count as the same; they have the same energy.

    The verdict is that of ``find_duplicates``: no atom of the averaged cells lies
    further than ``site_tolerance_A`` from the one it is mapped on. The default survives
    rattling and therefore takes ZrCl3 with paired Zr (2.67 and 3.47 Å along the chain,
    atoms moved by 0.2 Å) for the ideal chain. Pass ``criteria=RELAXED`` to compare
    relaxed structures.

    Examples
    --------
    >>> from ase.build import bulk
    >>> one, four = bulk("Li", "fcc", a=4.2), bulk("Li", "fcc", a=4.2, cubic=True)
    >>> match_structures(one, four).same
    True
    >>> match_structures(one, bulk("Li", "hcp", a=2.97)).reason
    'no mapping of the sites within 0.5 Å'

    """
    a, b = ComparedCrystal(first, criteria), ComparedCrystal(second, criteria)
    formulas = a.fingerprint.formula, b.fingerprint.formula
    if formulas[0] != formulas[1]:
        return _verdict("{} is not {}".format(*formulas), math.inf)
    apart = a.fingerprint.distance(b.fingerprint)
    if apart > criteria.fingerprint_tolerance:
        limit = criteria.fingerprint_tolerance
        return _verdict(f"fingerprints further apart than {limit:g}", apart)
    small, large = _paired(a, b)
    matcher = _matcher(small, large, criteria)
    if not _mapped(small, large, matcher):
        limit = criteria.site_tolerance_A
        return _verdict(f"no mapping of the sites within {limit:g} Å", apart)
    # distances only: it accepts where the root mean square is within the tolerance
    found = matcher.get_rms_dist(small, large)
    unit = _free_length(large)
    return StructureMatch(
        same=True,
        reason="all sites mapped",
        fingerprint_distance=apart,
        rms_displacement_A=float(found[0]) * unit if found else None,
        max_displacement_A=float(found[1]) * unit if found else None,
    )


class ComparedCrystal:
    """Crystal with its fingerprint and, when asked for, its reduced cells.

    Parameters
    ----------
    atoms
        Periodic crystal; it is copied.
    criteria
        When two structures count as the same.

    """

    def __init__(self, atoms: Atoms, criteria: MatchCriteria) -> None:
        require_periodic(
            atoms, remedy="Put slabs and clusters into a cell with vacuum."
        )
        self.atoms = atoms.copy()
        self.atoms.calc = None
        self._compared = Atoms(
            atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True
        )
        if criteria.scale:
            factor = (len(atoms) / atoms.get_volume()) ** (1 / 3) * UNIT_LENGTH_A
            self._compared.set_cell(atoms.cell * factor, scale_atoms=True)
        self.fingerprint = fingerprint(self._compared)
        self._criteria = criteria

    @cached_property
    def reduced(self) -> "Structure":
        """Primitive cell, what is below the site tolerance averaged out."""
        cell = averaged_primitive_cell(
            self._compared, tolerance_A=self._criteria.site_tolerance_A
        )
        return _to_pymatgen(cell).get_reduced_structure(reduction_algo="niggli")


def _verdict(reason: str, apart: float) -> StructureMatch:
    """Structures that differ."""
    return StructureMatch(
        same=False,
        reason=reason,
        fingerprint_distance=apart,
        rms_displacement_A=None,
        max_displacement_A=None,
    )


def sites_match(
    first: ComparedCrystal, second: ComparedCrystal, criteria: MatchCriteria
) -> bool:
    """Whether the sites of one can be mapped on those of the other.

    Parameters
    ----------
    first, second
        Crystals of the same formula.
    criteria
        Tolerances.

    """
    small, large = _paired(first, second)
    return _mapped(small, large, _matcher(small, large, criteria))


def _mapped(
    small: "Structure", large: "Structure", matcher: "StructureMatcher"
) -> bool:
    """Whether no atom is further than the tolerance from the one it is mapped on."""
    if len(large) % len(small):
        return False
    # the cells are reduced already; doing it again would take half of the time
    return bool(matcher.fit(small, large, skip_structure_reduction=True))


def _paired(
    first: ComparedCrystal, second: ComparedCrystal
) -> tuple["Structure", "Structure"]:
    """Cells to be compared, the smaller one first."""
    small, large = sorted((first.reduced, second.reduced), key=len)
    return small, large


def _matcher(
    small: "Structure", large: "Structure", criteria: MatchCriteria
) -> "StructureMatcher":
    """Judge for a cell and a multiple of it; nothing is reduced behind our back.

    pymatgen's own reduction to a primitive cell misses that of a noisy supercell,
    which then looks like a different structure.
    """
    from pymatgen.analysis.structure_matcher import (  # noqa: PLC0415  (heavy)
        StructureMatcher,
    )

    return StructureMatcher(
        ltol=criteria.length_tolerance,
        stol=criteria.site_tolerance_A / _free_length(large),
        angle_tol=criteria.angle_tolerance_deg,
        primitive_cell=False,
        scale=criteria.scale,
        attempt_supercell=len(small) != len(large),
    )


def _free_length(structure: "Structure") -> float:
    """Cube root of the volume per atom [Å], the matcher's unit of length."""
    return float((structure.volume / len(structure)) ** (1 / 3))


def _to_pymatgen(atoms: Atoms) -> "Structure":
    """Structure without labels, so that they do not enter the comparison."""
    from pymatgen.core import Lattice, Structure  # noqa: PLC0415  (heavy)

    return Structure(
        Lattice(atoms.cell[:]),
        atoms.get_chemical_symbols(),
        atoms.get_scaled_positions(),
    )
