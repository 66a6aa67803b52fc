"""M-defect layered Li2MCl6: cations spread over and between chlorine layers."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from ase import Atoms

from structures.prototypes.cation_placement import (
    NoPlacementError,
    SearchTooLongError,
    draw_placement,
    octahedron_permutations,
    placements,
    shuffle_placement,
)
from structures.prototypes.close_packing import ClosePacking, close_packing
from structures.prototypes.occupied_packing import occupied_packing
from training_data.errors import InputError

LATTICE_A = 6.25
LAYER_SPACING_A = 5.87
CHLORINE_HEIGHT_A = 2.82
METAL_CHLORINE_A = 2.487
CORNER, EDGE, FACE = 1, 2, 3  # chlorines in common
MOST_STEPS = 30_000  # partial arrangements looked at: some seconds
MOST_REPEATS = 50  # draws without anything new before the family counts as found
Supercell = tuple[tuple[int, int], tuple[int, int]]
THREE_BY_THREE: Supercell = ((3, 0), (-3, 3))


@dataclass(frozen=True, kw_only=True)
class _Counts:
    """Cations of every sheet that holds any: pairs of sheet and number."""

    metal: tuple[tuple[int, int], ...]
    lithium: tuple[tuple[int, int], ...]


def build_m_defect_layers(
    *,
    metal: str = "Zr",
    stacking: str = "c",
    n_layers: int = 1,
    supercell: Supercell = THREE_BY_THREE,
    metal_between: int | tuple[int, ...] = 1,
    lithium_between: int | tuple[int, ...] = 0,
    share_corners: bool = True,
    n_structures: int | None = None,
    rng: np.random.Generator | None = None,
    a_A: float = LATTICE_A,
    layer_spacing_A: float = LAYER_SPACING_A,
    chlorine_height_A: float = CHLORINE_HEIGHT_A,
    metal_chlorine_A: float = METAL_CHLORINE_A,
) -> tuple[Atoms, ...]:
    """Symmetry-distinct Li2MCl6 of the M-defect layered family, constructed.

    Chlorine is close-packed. Sheets of octahedral sites alternate: A inside a layer
    (M-rich), B between two layers (M-poor). ``metal_between`` M and
    ``lithium_between`` Li of every layer sit in B, the others in A; the rest of the
    octahedra are vacant. With none between, and one M per sqrt(3) cell, it is the
    ideal layered structure.

    Parameters
    ----------
    metal
        Symbol of the tetravalent cation, Zr or Hf.
    stacking
        ``h`` and ``c`` per chlorine plane, repeated: ``"c"`` is cubic, ``"h"``
        hexagonal close packing, ``"hc"`` the double-hexagonal one.
    n_layers
        Number of layers (pairs of chlorine planes).
    supercell
        In-plane cell vectors in steps of the chlorine lattice (60°); its determinant,
        the number of octahedra per sheet, is a multiple of three.
    metal_between, lithium_between
        Cations in the B sheet above each layer; one number for all, or one per layer.
    share_corners
        Whether two MCl6 may have one chlorine in common. Without, every MCl6 is
        isolated; these are by far the lowest in energy.
    n_structures
        Largest number of structures to return; all by default.
    rng
        Draws structures at random; by default all are enumerated.
    a_A
        sqrt(3) times the Cl-Cl distance within a plane [Å].
    layer_spacing_A
        Distance of equivalent planes of neighbouring layers [Å].
    chlorine_height_A
        Distance of the two chlorine planes of one layer [Å].
    metal_chlorine_A
        M-Cl length to which chlorine is moved within its plane [Å]; chlorine between
        two M takes the mean of both displacements.

    Returns
    -------
    tuple of Atoms
        M first, then Li, then Cl. ``arrays["site"]`` points into
        ``info["site_names"]``: M (in A), M_B, Li_A, Li_B, Cl. ``arrays["layer"]`` is
        the layer from the bottom; cations of B count with the layer below.
        ``info["multiplicity"]`` is the number of equivalent arrangements.

    Raises
    ------
    InputError
        If the composition does not fit the cell, B would hold more M than A, no
        arrangement obeys the rules, there are too many to enumerate, or the search
        for one to draw gave up.

    Notes
    -----
    Rules: no two MCl6 share an edge or a face (two chlorines or more, over periodic
    images), and no two cations share a face. In one sheet M then fills at most a
    third of the octahedra, so A is never richer than the ideal layer: what is missing
    in it sits in B. Structures equivalent under the space group of the empty packing
    are returned once. Drawn structures come from a random arrangement shuffled by 20
    hops per cation that keep the rules.

    References
    ----------
    F. Li et al., Nano Lett. 22, 2461 (2022), doi:10.1021/acs.nanolett.2c00187, for
    the family and the rule; its atomic coordinates are not in the text and are not
    used here.

    Examples
    --------
    >>> family = build_m_defect_layers(stacking="h")
    >>> family[0].get_chemical_formula(mode="metal"), len(family)
    ('Li6Zr3Cl18', 2)

    """
    packing = close_packing(
        stacking=stacking,
        n_layers=n_layers,
        supercell=supercell,
        nearest_A=a_A / float(np.sqrt(3)),
        layer_spacing_A=layer_spacing_A,
        layer_height_A=chlorine_height_A,
    )
    counts = _counts(packing, metal_between, lithium_between)
    if n_structures is not None and n_structures < 1:
        raise InputError(
            f"n_structures must be at least 1; got {n_structures!r}. Leave it out for "
            "all."
        )
    permutations = octahedron_permutations(packing)
    conflicts = _conflicts(packing, share_corners=share_corners)
    if rng is None:
        found: Iterator[Found] = islice(
            _enumerated(packing, counts, permutations, conflicts=conflicts),
            n_structures,
        )
    else:
        found = _drawn(
            packing,
            counts,
            permutations,
            conflicts=conflicts,
            n_structures=n_structures or 10,
            rng=rng,
        )
    structures = tuple(
        occupied_packing(
            packing,
            metal_sites=metal_sites,
            lithium_sites=lithium_sites,
            metal=metal,
            metal_chlorine_A=metal_chlorine_A,
            multiplicity=multiplicity,
        )
        for metal_sites, lithium_sites, multiplicity in found
    )
    if not structures:
        raise InputError(
            "metal_between and lithium_between must leave an arrangement that obeys "
            f"the rules; got {metal_between!r} and {lithium_between!r} in a sheet of "
            f"{packing.sites_per_sheet} octahedra and found none. Give the same "
            "numbers to all layers, fewer, or a larger supercell."
        )
    return structures


def _counts(
    packing: ClosePacking,
    metal_between: int | tuple[int, ...],
    lithium_between: int | tuple[int, ...],
) -> _Counts:
    """Cations of every sheet, refused where they do not make Li2MCl6."""
    n = packing.sites_per_sheet
    n_layers = (int(packing.sheet.max()) + 1) // 2
    if n % 3:
        raise InputError(
            "supercell must hold a multiple of three octahedra per sheet for Li2MCl6; "
            f"got {n!r}. Give for example ((3, 0), (-3, 3))."
        )
    n_metal, n_lithium = n // 3, 2 * n // 3
    given = {
        "metal_between": (metal_between, n_metal // 2, "A is the M-rich sheet"),
        "lithium_between": (lithium_between, n_lithium, "the Li of one layer"),
    }
    counts = []
    for name, (value, largest, why) in given.items():
        each = (value,) * n_layers if isinstance(value, int) else tuple(value)
        if len(each) != n_layers or not all(0 <= v <= largest for v in each):
            raise InputError(
                f"{name} must be between 0 and {largest} ({why}) for each of "
                f"{n_layers} layers; got {value!r}. Enlarge supercell for finer steps."
            )
        counts.append(each)
    return _Counts(
        metal=_per_sheet(counts[0], n_metal), lithium=_per_sheet(counts[1], n_lithium)
    )


def _per_sheet(between: tuple[int, ...], total: int) -> tuple[tuple[int, int], ...]:
    """Pairs of a sheet and its number of cations, sheets without any left out."""
    pairs = []
    for layer, number in enumerate(between):
        pairs += [(2 * layer, total - number), (2 * layer + 1, number)]
    return tuple((sheet, number) for sheet, number in pairs if number)


def _conflicts(
    packing: ClosePacking, *, share_corners: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of sites that two M, or any two cations, may not both hold."""
    fewest = EDGE if share_corners else CORNER
    return packing.shared >= fewest, packing.shared >= FACE


Found = tuple[np.ndarray, np.ndarray, int]


def _enumerated(
    packing: ClosePacking,
    counts: _Counts,
    permutations: np.ndarray,
    *,
    conflicts: tuple[np.ndarray, np.ndarray],
) -> Iterator[Found]:
    """Every arrangement once per orbit: first of M, then of Li around it."""
    metal_conflict, faces = conflicts
    everything = np.ones(len(packing.sheet), dtype=bool)
    steps = iter(range(MOST_STEPS))
    metals = placements(
        packing.sheet, counts.metal, everything, conflict=metal_conflict, steps=steps
    )
    try:
        for metal_sites, stabiliser, orbit in _orbits(metals, permutations):
            free = ~faces[metal_sites].any(axis=0)
            free[metal_sites] = False
            lithium = placements(
                packing.sheet, counts.lithium, free, conflict=faces, steps=steps
            )
            for lithium_sites, _, others in _orbits(lithium, stabiliser):
                yield metal_sites, lithium_sites, orbit * others
    except SearchTooLongError as error:
        raise InputError(
            f"supercell must leave few arrangements to enumerate (less than about "
            f"{MOST_STEPS} partial ones); got {packing.sites_per_sheet} octahedra per "
            "sheet. Pass rng and n_structures to draw some."
        ) from error


def _orbits(
    sets: Iterator[tuple[int, ...]], permutations: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """First member of each orbit, the operations that keep it, and the orbit's size."""
    seen: set[bytes] = set()
    for sites in sets:
        own = np.sort(np.array(sites, dtype=int))
        if own.tobytes() in seen:
            continue
        images = np.sort(permutations[:, own], axis=1)
        keys = {image.tobytes() for image in images}
        seen |= keys
        yield own, permutations[(images == own).all(axis=1)], len(keys)


def _drawn(
    packing: ClosePacking,
    counts: _Counts,
    permutations: np.ndarray,
    *,
    conflicts: tuple[np.ndarray, np.ndarray],
    n_structures: int,
    rng: np.random.Generator,
) -> Iterator[Found]:
    """Different arrangements drawn at random, fewer where fewer exist."""
    metal_conflict, faces = conflicts
    everything = np.ones(len(packing.sheet), dtype=bool)
    seen: set[bytes] = set()
    repeats, gave_up = 0, False
    while repeats < MOST_REPEATS:
        repeats += 1
        try:
            first = draw_placement(
                packing, counts.metal, everything, conflict=metal_conflict, rng=rng
            )
        except NoPlacementError:
            return
        except SearchTooLongError:
            gave_up = True
            break  # another hundred searches would end in the same way
        metal_sites = shuffle_placement(
            first, packing.sheet, everything, conflict=metal_conflict, rng=rng
        )
        free = ~faces[metal_sites].any(axis=0)
        free[metal_sites] = False
        try:
            second = draw_placement(
                packing, counts.lithium, free, conflict=faces, rng=rng
            )
        except NoPlacementError:
            continue  # not around this arrangement of M
        except SearchTooLongError:
            gave_up = True
            continue
        lithium_sites = shuffle_placement(
            second, packing.sheet, free, conflict=faces, rng=rng
        )
        images = np.hstack(
            [
                np.sort(permutations[:, metal_sites], axis=1),
                np.sort(permutations[:, lithium_sites], axis=1),
            ]
        )
        keys = {image.tobytes() for image in images}
        if keys & seen:
            continue
        seen |= keys
        repeats = 0
        yield metal_sites, lithium_sites, len(keys)
        n_structures -= 1
        if n_structures == 0:
            return
    if gave_up and not seen:
        raise InputError(
            "supercell and metal_between must leave an arrangement that a search "
            f"finds; got {packing.sites_per_sheet} octahedra per sheet, where it gave "
            "up (there may be some). Put fewer cations between the layers, pass "
            "another rng, or take a smaller supercell."
        )
