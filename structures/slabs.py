"""Slabs of complete layers, between any two terminations, with their polarity."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from ase import Atoms

from structures.default_cut import POLAR_TYPE, DefaultCut, default_cut
from structures.layer_stack import LayerStack
from structures.oriented_crystal import formal_charges, orient_crystal
from structures.slab_charge import Neutrality, slab_charge
from structures.slab_limits import (
    LONGEST_A,
    MOST_ATOMS,
    layers_or_default,
    require_atoms_below,
    require_layers,
)
from structures.terminations import (
    PLANE_TOLERANCE_A,
    Cuts,
    cut_polarity,
    find_cuts,
    ranked_cuts,
)
from training_data.errors import InputError

VACUUM_A = 15.0


@dataclass(frozen=True, kw_only=True)
class Slab:
    """Stack of complete layers on its primitive in-plane cell.

    Parameters
    ----------
    atoms
        Slab at z >= 0 in a lower-triangular cell whose third vector is the normal;
        ``arrays["layer"]`` counts layers from the bottom, with a number of its own for
        the part of a layer below an upper cut; ``arrays["site"]`` points into
        ``info["site_names"]``.
    miller
        Plane, in indices of the crystal that was given.
    n_layers
        Number of complete layers.
    layer_spacing_A
        Mean distance of equivalent planes of successive layers [Å].
    thickness_A
        Distance between the outermost atomic planes [Å].
    area_A2
        Area of the in-plane cell [Å²].
    bottom_plane, top_plane
        Formulas of the outermost planes, per in-plane cell.
    bottom_termination, top_termination
        Numbers of the terminations (``surface_terminations``) at the two ends.
    termination_from
        Why the slab begins there: ``"given"``, or how the cut was chosen.
    stoichiometric
        Whether the slab has the composition of the crystal.
    symmetric
        Whether its two faces are equivalent by symmetry.
    charge_e
        Sum of the formal charges in the cell [e]; None where none are known.
    neutrality
        ``"neutral"``, ``"charged"``, or ``"unknown"`` where the composition is not
        the crystal's and no formal charges are known.
    dipole_e_per_A
        Dipole of the slab, from formal charges, per area [e/Å]. None where none are
        known, and of a charged slab, whose dipole depends on the origin.
    tasker_type
        Of the neutral repeat that is cut here, not of the slab: 1, every plane is
        neutral; 2, charged planes, no dipole; 3, a dipole (above either of the two
        ends). None where no formal charges are known.

    """

    atoms: Atoms
    miller: tuple[int, int, int]
    n_layers: int
    layer_spacing_A: float
    thickness_A: float
    area_A2: float
    bottom_plane: str
    top_plane: str
    bottom_termination: int
    top_termination: int
    termination_from: str
    stoichiometric: bool
    symmetric: bool
    charge_e: float | None
    neutrality: Neutrality
    dipole_e_per_A: float | None
    tasker_type: int | None

    def to_json(self) -> dict[str, Any]:
        """Numbers of the slab, without its atoms."""
        numbers = {name: value for name, value in vars(self).items() if name != "atoms"}
        return {
            "formula": self.atoms.get_chemical_formula(mode="metal"),
            "n_atoms": len(self.atoms),
            **numbers,
            "miller": list(self.miller),
        }


def slab_thickness(atoms: Atoms) -> float:
    """Distance between the outermost atomic planes along z [Å].

    Parameters
    ----------
    atoms
        Structure that does not cross the cell boundary along z.

    Examples
    --------
    >>> slab_thickness(Atoms("Li2", positions=[(0, 0, 1), (0, 3, 4.5)]))
    3.5

    """
    return float(np.ptp(atoms.positions[:, 2]))


def build_slab(
    crystal: Atoms,
    *,
    miller: tuple[int, int, int] = (0, 0, 1),
    layers: int | None = None,
    thickness_A: float | None = None,
    vacuum_A: float = VACUUM_A,
    termination: int | None = None,
    top_termination: int | None = None,
    plane_tolerance_A: float = PLANE_TOLERANCE_A,
    oxidation_states: Mapping[str, float] | None = None,
    max_atoms: int = MOST_ATOMS,
) -> Slab:
    """Slab of complete layers parallel to a lattice plane.

    The crystal is cut where the user says, or at its widest interlayer gap, so a layer
    such as Cl-M-Cl of Li2ZrCl6 or a single plane of a metal stays whole; where that
    cut is polar and another one is not, at the other one.

    Parameters
    ----------
    crystal
        Periodic crystal in any cell; it need not be primitive.
    miller
        Plane (h, k, l) in the cell that is given.
    layers
        Number of layers; None: four, or what ``thickness_A`` asks for.
    thickness_A
        In place of ``layers``: as many as make the slab at least this thick [Å].
    vacuum_A
        Empty height above the slab [Å], added to one layer spacing minus the layer's
        own thickness; 0 makes a periodic stack when the stacking closes.
    termination
        Number of the cut below the slab (``surface_terminations``); one layer then
        reaches to the next equivalent cut. None: the widest gap, or the first
        non-polar cut where the widest gap is polar (``termination_from`` tells).
    top_termination
        Number of the cut above the slab. The atoms between the last complete layer
        and this cut are added, which changes the composition. None: complete layers.
    plane_tolerance_A
        Atoms closer than this along the normal are one plane [Å].
    oxidation_states
        Charges that are not in the table of undisputed ones [e].
    max_atoms
        Largest number of atoms that is built.

    Returns
    -------
    Slab
        Slab with its bottom plane at z = 0.

    Raises
    ------
    InputError
        If the crystal is not periodic or its atoms overlap, the indices are no
        integers or all zero, fewer than one layer is asked for, or layers and thickness
        both, the termination does not exist, the vacuum is negative or above 1000 Å,
        or the slab has too many atoms.

    Notes
    -----
    One repeat along the normal has the height d = 1/|g| of the primitive lattice.
    Without a termination it is cut at its widest gap: at every gap within 0.05 Å of
    it when the pieces have one composition (planes of a metal) or when these gaps are
    at least 2 Å and 1.3 times any other (neutral layers with nothing between them);
    otherwise one layer reaches to the next equivalent gap. If the neutral repeat
    above that cut has a dipole, and the one above another cut has none, the first of
    ``surface_terminations`` is taken. The dipole is ``Σ q z / A`` of a neutral slab.

    References
    ----------
    P. W. Tasker, J. Phys. C 12, 4977 (1979), doi:10.1088/0022-3719/12/22/036.

    Examples
    --------
    >>> from structures.prototypes import build_prototype
    >>> slab = build_slab(build_prototype("Li-fcc"), miller=(1, 1, 1), layers=5)
    >>> round(slab.thickness_A, 3), len(slab.atoms), slab.symmetric
    (9.699, 5, True)

    """
    n_layers = layers_or_default(layers, thickness_A)
    _check(vacuum_A)
    oriented = orient_crystal(crystal, miller=miller)
    cuts = find_cuts(oriented, plane_tolerance_A=plane_tolerance_A)
    ranked = ranked_cuts(oriented, cuts, oxidation_states=oxidation_states)
    for name, number in (
        ("termination", termination),
        ("top_termination", top_termination),
    ):
        if number is not None and not 0 <= number < len(ranked):
            raise InputError(
                f"{name} must be one of 0 to {len(ranked) - 1}; got {number!r}. "
                "surface_terminations (lithophile build slab --list) shows them."
            )
    if termination is None:
        charges = formal_charges(oriented.repeat, oxidation_states=oxidation_states)
        cut = default_cut(oriented, cuts, ranked=ranked, charges=charges)
    else:
        orbit = cuts.orbits == cuts.orbits[ranked[termination]]
        cut = DefaultCut(np.flatnonzero(orbit), "given")
    stack = LayerStack(oriented, cuts, cut.chosen)
    if thickness_A is not None:
        n_layers = stack.layers_for(thickness_A)
    end = None
    if top_termination is not None:
        end = np.flatnonzero(cuts.orbits == cuts.orbits[ranked[top_termination]])
    return _slab(
        stack,
        n_layers,
        end,
        vacuum_A=vacuum_A,
        termination_from=cut.reason,
        oxidation_states=oxidation_states,
        max_atoms=max_atoms,
    )


def slab_choices(
    crystal: Atoms,
    *,
    miller: tuple[int, int, int] = (0, 0, 1),
    layers: int = 1,
    vacuum_A: float = VACUUM_A,
    plane_tolerance_A: float = PLANE_TOLERANCE_A,
    oxidation_states: Mapping[str, float] | None = None,
    max_atoms: int = MOST_ATOMS,
) -> tuple[Slab, ...]:
    """Slabs between all pairs of terminations: neutral, non-polar, symmetric first.

    Parameters
    ----------
    crystal, miller, vacuum_A, plane_tolerance_A, oxidation_states, max_atoms
        As for ``build_slab``.
    layers
        Number of complete layers of each; the atoms up to the upper termination come
        on top.

    Returns
    -------
    tuple of Slab
        Distinct slabs (turned over counts as the same), in the order: neutral,
        without dipole, symmetric, stoichiometric, thin.

    Examples
    --------
    >>> from structures.prototypes import build_prototype
    >>> found = slab_choices(build_prototype("LiCl"), miller=(1, 1, 1), layers=2)
    >>> [(s.to_json()["formula"], s.charge_e, s.tasker_type) for s in found]
    [('Li2Cl2', 0.0, 3), ('Li2Cl3', -1.0, 3), ('Li3Cl2', 1.0, 3)]

    """
    require_layers(layers)
    _check(vacuum_A)
    oriented = orient_crystal(crystal, miller=miller)
    cuts = find_cuts(oriented, plane_tolerance_A=plane_tolerance_A)
    orbits = [
        np.flatnonzero(cuts.orbits == cuts.orbits[cut])
        for cut in ranked_cuts(oriented, cuts, oxidation_states=oxidation_states)
    ]
    slabs = [
        _slab(
            LayerStack(oriented, cuts, below),
            layers,
            above,
            vacuum_A=vacuum_A,
            termination_from="given",
            oxidation_states=oxidation_states,
            max_atoms=max_atoms,
        )
        for below, above in product(orbits, repeat=2)
    ]

    def rank(slab: Slab) -> tuple[object, ...]:
        return (
            ("neutral", "unknown", "charged").index(slab.neutrality),
            slab.tasker_type == POLAR_TYPE or bool(slab.dipole_e_per_A),
            not slab.symmetric,
            not slab.stoichiometric,
            round(slab.thickness_A, 6),
            slab.bottom_termination,
            slab.top_termination,
        )

    kept: dict[tuple[object, ...], Slab] = {}
    for slab in sorted(slabs, key=rank):
        below = cuts.bottom_faces[orbits[slab.bottom_termination][0]]
        above = cuts.top_faces[orbits[slab.top_termination][0]]
        faces = tuple(sorted((int(below), int(above))))
        size = slab.atoms.get_chemical_formula("metal"), round(slab.thickness_A, 3)
        kept.setdefault((*faces, *size), slab)
    return tuple(kept.values())


def _check(vacuum_A: float) -> None:
    """Refuse a vacuum that makes no slab."""
    if not 0 <= vacuum_A <= LONGEST_A:
        raise InputError(
            f"vacuum_A must not be negative nor above {LONGEST_A:g} Å; got "
            f"{vacuum_A!r}. Give a height in Å."
        )


def _slab(
    stack: LayerStack,
    layers: int,
    end: np.ndarray | None,
    *,
    vacuum_A: float,
    termination_from: str,
    oxidation_states: Mapping[str, float] | None,
    max_atoms: int,
) -> Slab:
    """Slab of complete layers, with what there is up to an upper cut."""
    last = int(stack.chosen[layers % len(stack.chosen)])
    rest = []
    if end is not None:
        index, positions, last = stack.part(layers, end)
        rest = [(index, positions)] if len(index) else []
    extra = sum(len(index) for index, _ in rest)
    require_atoms_below(stack, layers, extra, max_atoms=max_atoms)
    parts = [stack.layer(number) for number in range(layers)] + rest
    atoms, origins = stack.stacked(parts, vacuum_A=vacuum_A)
    cuts, first = stack.cuts, int(stack.chosen[0])
    repeat = stack.oriented.repeat
    ranked = ranked_cuts(stack.oriented, cuts, oxidation_states=oxidation_states)
    numbers = cuts.orbits[ranked].tolist()
    planes = _outer_planes(stack.cuts, first, last)
    area = float(abs(np.linalg.det(atoms.cell[:2, :2])))
    charges = formal_charges(repeat, oxidation_states=oxidation_states)
    types = [cut_polarity(stack.oriented, cuts, k, charges)[1] for k in (first, last)]
    stoichiometric = _same_composition(atoms, repeat)
    charge = slab_charge(
        atoms,
        None if charges is None else charges[origins],
        area_A2=area,
        stoichiometric=stoichiometric,
    )
    return Slab(
        atoms=atoms,
        miller=stack.oriented.miller,
        n_layers=layers,
        layer_spacing_A=stack.spacing_A,
        thickness_A=slab_thickness(atoms),
        area_A2=area,
        bottom_plane=repeat[planes[0]].get_chemical_formula("metal"),
        top_plane=repeat[planes[1]].get_chemical_formula("metal"),
        bottom_termination=numbers.index(cuts.orbits[first]),
        top_termination=numbers.index(cuts.orbits[last]),
        termination_from=termination_from,
        stoichiometric=stoichiometric,
        symmetric=bool(cuts.bottom_faces[first] == cuts.top_faces[last]),
        charge_e=charge.charge_e,
        neutrality=charge.neutrality,
        dipole_e_per_A=charge.dipole_e_per_A,
        tasker_type=max((t for t in types if t is not None), default=None),
    )


def _outer_planes(cuts: Cuts, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Atoms of the repeat in the planes above the first cut and below the last."""
    n, n_cuts = len(cuts.order), len(cuts.places)

    def above(cut: int) -> np.ndarray:
        start = cuts.places[cut] + 1
        size = (cuts.places[(cut + 1) % n_cuts] - cuts.places[cut]) % n or n
        return np.take(cuts.order, np.arange(start, start + size) % n)

    return above(first), above((last - 1) % n_cuts)


def _same_composition(atoms: Atoms, repeat: Atoms) -> bool:
    """Whether two structures differ only in size."""
    counts = [np.bincount(a.numbers, minlength=120) for a in (atoms, repeat)]
    return bool(np.array_equal(counts[0] * len(repeat), counts[1] * len(atoms)))
