"""Dissolution of the electrolyte's metal atoms, read from their lost bonds."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from md.analysis.binomial import clopper_pearson
from md.analysis.bonds import BondCriterion, BondHistory
from md.analysis.dissolution_result import (
    DissolutionResult,
    DissolutionSensitivity,
    DissolvedAtom,
    LayerDissolution,
)
from md.analysis.interface_layer import interface_layer
from md.analysis.pairs import neighbour_pairs, pair_blocks
from md.analysis.radial_distribution import radial_distribution
from md.trajectory import Trajectory
from training_data.errors import InputError

__all__ = [
    "DissolutionResult",
    "DissolutionSensitivity",
    "DissolvedAtom",
    "LayerDissolution",
    "dissolution",
]

FALLBACK_BREAK_A = 3.4
_BREAK_RANGE_A = 4.5
_BREAK_CHANGE_A = 0.2
_FORM_CHANGE_A = 0.05
_NEAR_A = 4.2


def dissolution(
    trajectory: Trajectory,
    *,
    species: str = "Zr",
    ligand: str = "Cl",
    form_A: float = 2.68,
    break_A: float | None = None,
    hold_ps: float = 0.5,
    progress: Callable[[int, int], None] | None = None,
) -> DissolutionResult:
    r"""Dissolution of one species, judged by its bonds to another.

    An atom is dissolved when it has lost its last bond, and is so until it forms one
    again. A bond forms at `form_A` or below and breaks when it has been longer than
    `break_A` for `hold_ps` without interruption; it then counts as broken since the
    first of these frames. A single threshold would count vibrations: Zr–Cl rests at
    2.45 Å and at 2.55–2.65 Å once zirconium is reduced.

    Parameters
    ----------
    trajectory
        Read in blocks; twice when `break_A` is not given.
    species, ligand
        Chemical symbols of the dissolving atoms and of what holds them.
    form_A
        Distance at which a bond forms, Å (2.68 Å: Li et al. 2022).
    break_A
        Distance beyond which it breaks, Å. By default the first minimum of the radial
        distribution of this trajectory; 3.4 Å where that cannot be resolved.
    hold_ps
        Time for which it must be longer, ps; at least two frames when not zero.
    progress
        Called with the frames done and all frames.

    Returns
    -------
    DissolutionResult
        Fractions against time, events, and how they depend on the criterion.

    Raises
    ------
    InputError
        If a species is missing or the criterion is no hysteresis.

    References
    ----------
    Li et al., Nano Lett. 22, 2461 (2022), doi:10.1021/acs.nanolett.2c00187

    """
    centres = trajectory.indices_of(species)
    ligands = trajectory.indices_of(ligand)
    if break_A is None:
        break_A, source = _first_minimum(trajectory, species, ligand, form_A)
    else:
        source = "given"
    base = BondCriterion(form_A=form_A, break_A=break_A, hold_ps=hold_ps)
    _check(base)
    criteria = [base, *_neighbouring(base)]
    histories = [
        BondHistory(criterion, len(centres), len(ligands), trajectory.times_ps)
        for criterion in criteria
    ]
    cutoff = max(criterion.break_A for criterion in criteria)
    for block in pair_blocks(trajectory, centres, ligands, cutoff_A=cutoff):
        for history in histories:
            history.advance(block)
        if progress is not None:
            progress(int(block.frames[-1]) + 1, trajectory.n_frames)
    history = histories[0]
    n_total = len(centres)
    n_bare = history.n_bare()
    layer, reason = interface_layer(trajectory.initial, centres)
    spacing = float(np.diff(trajectory.times_ps).max(initial=0.0))
    n_dissolved = int(n_bare[-1])
    return DissolutionResult(
        species=species,
        ligand=ligand,
        times_ps=trajectory.times_ps,
        dissolved_fraction=n_bare / n_total,
        interface_fraction=None
        if layer is None
        else history.n_bare(layer) / layer.sum(),
        interface_reason=reason,
        mean_coordination=history.mean_coordination(),
        final_fraction=n_dissolved / n_total,
        final_fraction_interval=clopper_pearson(n_dissolved, n_total),
        first_event_ps=_first_event(history),
        n_dissolved=n_dissolved,
        n_total=n_total,
        n_interface=None if layer is None else int(layer.sum()),
        n_ever_dissolved=len({centre for centre, _, _ in history.bare}),
        n_redepositions=sum(end is not None for _, _, end in history.bare),
        n_initially_unbonded=len(history.initially_unbonded),
        n_unconfirmed=history.n_unconfirmed,
        form_A=form_A,
        break_A=break_A,
        break_source=source,
        hold_ps=hold_ps,
        effective_hold_ps=_effective_hold(hold_ps, spacing),
        atoms=_dissolved_atoms(trajectory, history, centres, ligands),
        layers=_layers(trajectory, history, centres, layer),
        sensitivity=tuple(
            DissolutionSensitivity(
                form_A=h.criterion.form_A,
                break_A=h.criterion.break_A,
                hold_ps=h.criterion.hold_ps,
                final_fraction=int(h.n_bare()[-1]) / n_total,
                first_event_ps=_first_event(h),
            )
            for h in histories
        ),
    )


def _check(criterion: BondCriterion) -> None:
    if not 0 < criterion.form_A < criterion.break_A:
        raise InputError(
            "break_A must be larger than form_A, which is positive; got "
            f"{criterion.break_A!r} and {criterion.form_A!r}. Without a gap between "
            "them every vibration counts as an event."
        )
    if not (np.isfinite(criterion.hold_ps) and criterion.hold_ps >= 0):
        raise InputError(
            f"hold_ps must be zero or positive; got {criterion.hold_ps!r}. "
            "Give a few vibrational periods, 0.1 to 0.5."
        )


def _first_minimum(
    trajectory: Trajectory, species: str, ligand: str, form_A: float
) -> tuple[float, str]:
    found = radial_distribution(trajectory, species=(species, ligand)).first_minimum
    name = f"g({species}–{ligand})"
    at, why = found.distance_A, found.reason
    if at is not None and not form_A < at <= _BREAK_RANGE_A:
        why = f"it lies at {at:.2f} Å, outside {form_A:g} to {_BREAK_RANGE_A:g} Å"
        at = None
    if at is None:
        return (
            FALLBACK_BREAK_A,
            f"fallback: the first minimum of {name} is not resolved ({why})",
        )
    depth = f"{found.relative_depth:.3f} of the first peak"
    return at, f"first minimum of {name} of this trajectory ({depth})"


def _neighbouring(base: BondCriterion) -> list[BondCriterion]:
    """Criteria nearby that are still hysteretic."""
    others = [
        replace(base, break_A=base.break_A - _BREAK_CHANGE_A),
        replace(base, break_A=base.break_A + _BREAK_CHANGE_A),
        replace(base, hold_ps=base.hold_ps / 2),
        replace(base, hold_ps=base.hold_ps * 2),
        replace(base, form_A=base.form_A - _FORM_CHANGE_A),
        replace(base, form_A=base.form_A + _FORM_CHANGE_A),
    ]
    return [other for other in others if 0 < other.form_A < other.break_A]


def _first_event(history: BondHistory) -> float | None:
    starts = [start for _, start, _ in history.bare]
    return float(history.times_ps[min(starts)]) if starts else None


def _effective_hold(hold_ps: float, spacing_ps: float) -> float:
    if spacing_ps <= 0:
        return hold_ps
    return float(np.ceil(hold_ps / spacing_ps - 1e-6) * spacing_ps)


def _layers(
    trajectory: Trajectory,
    history: BondHistory,
    centres: NDArray[np.int64],
    facing: NDArray[np.bool_] | None,
) -> tuple[LayerDissolution, ...]:
    labels = trajectory.initial.arrays
    if "layer" not in labels or "side" not in labels:
        return ()
    kinds = np.stack([labels["side"][centres], labels["layer"][centres]], axis=1)
    rows = []
    for side, layer in np.unique(kinds, axis=0).tolist():
        mask = (kinds == (side, layer)).all(axis=1)
        n_atoms = int(mask.sum())
        bare = history.n_bare(mask)
        starts = [start for centre, start, _ in history.bare if mask[centre]]
        rows.append(
            LayerDissolution(
                side=side,
                layer=layer,
                n_atoms=n_atoms,
                at_interface=facing is not None and bool(facing[mask].any()),
                fraction=bare / n_atoms,
                final_fraction=int(bare[-1]) / n_atoms,
                final_fraction_interval=clopper_pearson(int(bare[-1]), n_atoms),
                first_event_ps=float(history.times_ps[min(starts)]) if starts else None,
            )
        )
    return tuple(rows)


def _dissolved_atoms(
    trajectory: Trajectory,
    history: BondHistory,
    centres: NDArray[np.int64],
    ligands: NDArray[np.int64],
) -> tuple[DissolvedAtom, ...]:
    if not history.bare:
        return ()
    first, last = trajectory.atoms(0), trajectory.atoms(-1)
    normal = np.cross(last.cell[0], last.cell[1])
    length = float(np.linalg.norm(normal))
    normal = normal / length if length > 0 else np.array([0.0, 0.0, 1.0])
    risen = (last.positions - first.positions) @ normal
    intervals: dict[int, list[tuple[int, int | None]]] = {}
    for centre, start, end in sorted(history.bare, key=lambda event: event[1]):
        intervals.setdefault(centre, []).append((start, end))
    settled = [c for i, c in enumerate(centres.tolist()) if i not in intervals]
    drift = float(risen[settled or ligands].mean())
    labels = trajectory.initial.arrays
    times = trajectory.times_ps
    near = _neighbours(last, centres[list(intervals)])
    atoms = []
    for (centre, stays), around in zip(intervals.items(), near, strict=True):
        index = int(centres[centre])
        start, end = stays[0]
        atoms.append(
            DissolvedAtom(
                index=index,
                first_dissolved_ps=float(times[start]),
                redeposited_ps=None if end is None else float(times[end]),
                dissolved_at_end=stays[-1][1] is None,
                layer=int(labels["layer"][index]) if "layer" in labels else None,
                side=int(labels["side"][index]) if "side" in labels else None,
                final_z_A=float(last.positions[index] @ normal),
                risen_A=float(risen[index]) - drift,
                neighbours=around,
            )
        )
    return tuple(atoms)


def _neighbours(atoms: Atoms, indices: NDArray[np.int64]) -> list[dict[str, int]]:
    """Count atoms of each element near some atoms, themselves left out."""
    pairs = neighbour_pairs(
        atoms.positions[indices],
        atoms.positions,
        atoms.cell.array,
        np.asarray(atoms.pbc),
        cutoff_A=_NEAR_A,
    )
    other = (indices[pairs.first] != pairs.second) | pairs.images.any(axis=1)
    symbols = np.asarray(atoms.get_chemical_symbols())
    counted = []
    for row in range(len(indices)):
        found = symbols[pairs.second[other & (pairs.first == row)]]
        kinds, numbers = np.unique(found, return_counts=True)
        counted.append(dict(zip(kinds.tolist(), numbers.tolist(), strict=True)))
    return counted
