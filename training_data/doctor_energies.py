"""Energies with another zero: jumps between near frames, and lone outliers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from training_data.doctor_collection import Collection
from training_data.doctor_forces import FIXED_CELL, TIGHT_EV, Slopes
from training_data.doctor_links import Links
from training_data.doctor_report import Finding, finding

NEAR_EV = 0.06
JUMP_SIGMAS, CERTAIN_SIGMAS = 2.5, 4.5
SMALLEST_JUMP_EV = 0.002
MOST_FITTED = 1200
SMALLEST_OUTLIER_EV, SURE_OUTLIER_EV = 0.02, 0.1
OUTLIER_SIGMAS = 10.0
FEWEST = 12


def check_jumps(
    collected: Collection,
    links: Links,
    slopes: Slopes,
    *,
    trusted: bool,
    stress_sound: bool,
    forces_sound: bool = True,
) -> list[Finding]:
    r"""Frames whose energy does not fit to that of near frames.

    Parameters
    ----------
    collected
        What is known of the frames.
    links
        Near pairs of frames.
    slopes
        Energy differences against the works, which tell whether units agree.
    trusted
        Whether the forces belong to their positions.
    stress_sound
        Whether the stress has its sign and unit; else only links at fixed cell count.
    forces_sound
        Whether no frame is known for forces that do not belong to its positions; else
        a jump may come from forces that passed unseen, and is no more than a warning.

    Notes
    -----
    The offsets x of all frames minimise Σ (r_kl - x_l + x_k)²/s_kl², where
    r = ΔE - W is what the work does not explain and s its expected error. Frames of one
    level of theory share one offset within each connected piece; the median is zero.
    A link jumps when |r| exceeds 2.5 s + 2 meV/atom with s below 10 meV/atom, or 4.5 s
    + 2 meV/atom with s up to 60 meV/atom.

    """
    check = "mixed_levels"
    if not trusted:
        said = "not tested, because the forces do not belong to the positions."
        return [finding(check, "untested", said)]
    if slopes.units_differ:
        said = (
            "not tested, because energies and forces differ in unit or sign: mend them "
            "first (energy_unit)."
        )
        return [finding(check, "untested", said)]
    fixed = links.strain <= FIXED_CELL
    known = fixed | (np.isfinite(links.stress_work) & stress_sound)
    work = links.force_work + np.where(fixed, 0.0, links.stress_work)
    rest = links.energy - work
    use = known & np.isfinite(rest) & (links.uncertainty < NEAR_EV)
    tight = use & (links.uncertainty < TIGHT_EV)
    tested = len(np.union1d(links.first[tight], links.second[tight]))
    if not tested:
        said = (
            "no two frames are near enough to compare their energies through the "
            "forces; only large offsets are found, as energy outliers."
        )
        return [finding(check, "untested", said)]
    size = np.abs(rest)
    sigmas = np.where(tight, JUMP_SIGMAS, CERTAIN_SIGMAS)
    jumps = use & (size > sigmas * links.uncertainty + SMALLEST_JUMP_EV)
    if not jumps.any():
        said = (
            f"energies of {tested} of {collected.n_frames} frames fit to those of near "
            f"frames within {1000 * size[tight].max():.0f} meV/atom; the others have "
            "none that is near enough."
        )
        return [finding(check, "ok", said)]
    certain = (
        jumps & tight & (size > CERTAIN_SIGMAS * links.uncertainty + SMALLEST_JUMP_EV)
    )
    typical = float(np.median(size[jumps]))
    offsets = _offsets(collected.n_frames, links.where(use), rest[use])
    ends = np.union1d(links.first[jumps], links.second[jumps])
    frames = ends[np.abs(offsets[ends]) > typical / 2]
    frames = frames if len(frames) else ends
    worst = int(np.argmax(np.where(jumps, size / links.uncertainty, 0)))
    if not forces_sound:
        said = (
            f"energies of {len(frames)} frames do not fit to those of near frames, but "
            "forces of this set do not belong to their positions, and theirs may not "
            "either: mend the forces first (shuffled_forces), then look again."
        )
        return [finding(check, "warn", said, frames.tolist())]
    return [
        finding(
            check,
            "fail" if certain.any() or np.count_nonzero(jumps) > 1 else "warn",
            f"energies jump by {1000 * typical:.0f} meV/atom between near frames, such "
            f"as {links.first[worst]} and {links.second[worst]} "
            f"({1000 * rest[worst]:+.1f} ± {1000 * links.uncertainty[worst]:.1f}), "
            f"though forces and positions agree; {len(frames)} frames are off. Another "
            "cutoff, k-point grid, functional or code is mixed in: label them again. "
            f"{tested} of {collected.n_frames} frames could be tested.",
            frames.tolist(),
        )
    ]


def _offsets(
    n_frames: int, links: Links, rest: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Offset of every frame against the median of those that it is linked to."""
    weight = 1 / links.uncertainty**2
    offsets = np.zeros(n_frames)
    touched = np.zeros(n_frames, dtype=bool)
    touched[links.first] = touched[links.second] = True
    index = np.cumsum(touched) - 1
    a, b, n = index[links.first], index[links.second], int(touched.sum())
    joined = coo_array((-weight, (a, b)), (n, n))
    _, piece = connected_components(joined, directed=False)
    total = np.bincount(a, weight, n) + np.bincount(b, weight, n)
    matrix = (joined + joined.T + diags_array(total * (1 + 1e-9))).tocsc()
    right = np.bincount(b, weight * rest, n) - np.bincount(a, weight * rest, n)
    found = splu(matrix).solve(right)
    for number in np.unique(piece):
        members = piece == number
        found[members] -= np.median(found[members])
    offsets[touched] = found
    return offsets


def check_energy_outliers(
    collected: Collection, *, jumps: Sequence[int]
) -> list[Finding]:
    r"""Frames whose energy no smooth function of composition and distances gives.

    Parameters
    ----------
    collected
        What is known of the frames.
    jumps
        Frames that are known to be off already.

    Notes
    -----
    For each set of elements, energies per atom are fitted by a line in the composition
    and kernel ridge regression in the distances between the atoms; what counts is the
    error at a frame when it is left out,

    .. math:: r_i = \alpha_i / [(K + \lambda)^{-1}]_{ii}

    """
    energies = np.array(collected.energies)
    n_atoms = collected.n_atoms
    families: dict[frozenset[int], list[int]] = {}
    for index, numbers in enumerate(collected.numbers):
        if np.isfinite(energies[index]) and len(numbers):
            families.setdefault(frozenset(numbers.tolist()), []).append(index)
    odd: list[tuple[int, float, float]] = []
    tested = 0
    for members in families.values():
        if len(members) < FEWEST:
            continue
        stride = -(-len(members) // MOST_FITTED)
        for start in range(stride):
            chosen = np.array(members[start::stride])
            rest = _left_out(
                collected.compositions[chosen] / n_atoms[chosen][:, None],
                np.array([collected.shapes[i] for i in chosen], dtype=float),
                energies[chosen] / n_atoms[chosen],
            )
            spread = max(1.4826 * float(np.median(np.abs(rest))), 1e-3)
            limit = max(SMALLEST_OUTLIER_EV, OUTLIER_SIGMAS * spread)
            tested += len(chosen)
            odd += [
                (int(i), float(r), abs(float(r)) / limit)
                for i, r in zip(chosen, rest, strict=True)
                if abs(r) > limit
            ]
    if not tested:
        said = "too few frames of one set of elements to compare their energies."
        return [finding("energy_outliers", "untested", said)]
    if not odd:
        said = "no energy stands out from composition and distances."
        return [finding("energy_outliers", "ok", said)]
    odd.sort(key=lambda each: -abs(each[1]))
    said = ", ".join(f"{i} ({r:+.2f} eV/atom)" for i, r, _ in odd[:5])
    found = [
        finding(
            "energy_outliers",
            "warn",
            f"the energies of {len(odd)} frames stand out: {said}. Another unit or "
            "level of theory, an unconverged run, or an unusual structure?",
            [i for i, _, _ in odd],
        )
    ]
    calm = [each for each in odd if _ordinary(collected, each) and each[0] not in jumps]
    if calm:
        listed = ", ".join(str(each[0]) for each in calm[:5])
        found.append(
            finding(
                "mixed_levels",
                "fail",
                f"{len(calm)} frames (such as {listed}) have ordinary forces and "
                "distances but energies off by "
                f"{min(abs(each[1]) for each in calm):.2f} eV/atom or more: another "
                "functional, code, dispersion or unit of energy. Label them again.",
                [each[0] for each in calm],
            )
        )
    return found


def _ordinary(collected: Collection, odd: tuple[int, float, float]) -> bool:
    """Whether a frame is one like others but for its energy."""
    index, rest, excess = odd
    force, ratio = collected.largest_force[index][0], collected.closest[index][0]
    usual = np.nanpercentile([each[0] for each in collected.largest_force], 95)
    low = np.nanpercentile([each[0] for each in collected.closest], 2)
    return bool(
        abs(rest) > SURE_OUTLIER_EV
        and excess > 2  # noqa: PLR2004
        and force <= usual
        and not ratio < low
    )


def _left_out(
    shares: NDArray[np.float64],
    shapes: NDArray[np.float64],
    energies: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Errors at frames that were left out of the fit, one after the other."""
    line = np.linalg.lstsq(shares, energies, rcond=None)[0]
    y = energies - shares @ line
    middle = np.median(y)
    spread = max(1.4826 * float(np.median(np.abs(y - middle))), 1e-3)
    clipped = np.clip(y - middle, -10 * spread, 10 * spread)
    centred = shapes - shapes.mean(axis=0)
    size = max(float(np.sqrt((centred**2).sum(axis=1).mean())), 1e-12)
    x = np.column_stack([centred / size, 3 * (shares - shares.mean(axis=0))])
    squared = (x**2).sum(axis=1)
    distance = np.maximum(squared[:, None] + squared[None, :] - 2 * x @ x.T, 0)
    kernel = np.exp(-distance / 2) + np.exp(-distance / 0.2) + 1.0
    inverse = np.linalg.inv(kernel + 1e-2 * np.eye(len(y)))
    rest = (inverse @ clipped) / np.diag(inverse)
    beyond: NDArray[np.float64] = rest + (y - middle - clipped)
    return beyond
