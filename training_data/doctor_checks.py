"""Checks of single frames: keys, labels, levels, distances, outliers."""

from collections import Counter

import numpy as np
from ase.data import chemical_symbols

from training_data.dataset import ENERGY, FORCES, STRESS
from training_data.doctor_collection import BIN_A, N_BINS, Collection
from training_data.doctor_frames import LEVEL
from training_data.doctor_report import Finding, PairCoverage, finding
from training_data.level_of_theory import UNSTATED

OURS = {"energy": ENERGY, "forces": FORCES, "stress": STRESS}
CLOSE, TOO_CLOSE = 0.6, 0.4
LARGE_FORCE, ABSURD_FORCE = 20.0, 100.0
NET_FORCE = 0.01
EMPTY_A = 0.5
FEW_PAIRS = 20
WORST = 3


def check_keys(collected: Collection) -> list[Finding]:
    """Under which keys the labels stand, and which are missing or spoilt."""
    found = []
    other = {
        label: sorted({name for (kind, name), _ in collected.keys.items()
                       if kind == label and name != OURS[label]})
        for label in OURS
    }  # fmt: skip
    other["stress"] = [k for k in other["stress"] if not k.startswith("REF_virial")]
    renamed = {label: names for label, names in other.items() if names}
    if renamed:
        said = "; ".join(
            f"{', '.join(names)} → {OURS[label]}" for label, names in renamed.items()
        )
        found.append(
            finding(
                "keys",
                "warn",
                f"labels stand under keys that training refuses: rename {said}. Units "
                "and sign below are those of the labels as they are.",
            )
        )
    else:
        found.append(finding("keys", "ok", "labels stand under REF_ keys."))
    n = collected.n_frames
    for label in ("energy", "forces"):
        frames = collected.without.get(label, [])
        if frames:
            message = f"{len(frames)} of {n} frames have no {label}."
            found.append(finding("missing_labels", "fail", message, frames))
    frames = collected.without.get("stress", [])
    if 0 < len(frames) < n:
        message = f"{len(frames)} of {n} frames have no stress; the others do."
        found.append(finding("missing_labels", "warn", message, frames))
    elif frames:
        message = "no frame has a stress: the potential's pressure will be untaught."
        found.append(finding("missing_labels", "warn", message))
    by_check: dict[str, list[tuple[int, str]]] = {}
    for index, check, what in collected.problems:
        by_check.setdefault(check, []).append((index, what))
    for check, cases in by_check.items():
        words = Counter(what for _, what in cases).most_common(WORST)
        said = "; ".join(f"{what} ({count} frames)" for what, count in words)
        name = "missing_labels" if check == "labels" else check
        found.append(finding(name, "fail", said + ".", [index for index, _ in cases]))
    if not any(each.check == "missing_labels" for each in found):
        found.append(
            finding(
                "missing_labels", "ok", "every frame has energy, forces and stress."
            )
        )
    return found


def check_levels(collected: Collection) -> list[Finding]:
    """Whether all frames name one level of theory."""
    levels = collected.levels
    if len(levels) > 1:
        usual = max(levels, key=lambda level: len(levels[level]))
        said = "; ".join(
            f"{len(frames)} frames: {_level(level)}" for level, frames in levels.items()
        )
        rest = [i for level, fs in levels.items() if level != usual for i in fs]
        return [
            finding(
                "mixed_levels",
                "fail",
                f"the file names {len(levels)} levels of theory ({said}). Two levels "
                "have two zeros of energy: split the file.",
                rest,
            )
        ]
    (level,) = levels
    if level[0] == UNSTATED or level[-1] == UNSTATED:
        return [
            finding(
                "level_stated",
                "warn",
                "functional and code are not stated: write functional=… code=… into "
                "each comment line, so that nobody mixes the set with another.",
            )
        ]
    return [finding("level_stated", "ok", f"one level of theory: {_level(level)}.")]


def _level(level: tuple[str, ...]) -> str:
    return ", ".join(
        f"{key} {value}"
        for key, value in zip(LEVEL, level, strict=True)
        if value != UNSTATED
    ) or "unstated"  # fmt: skip


def check_isolated(collected: Collection) -> list[Finding]:
    """Energies of isolated atoms, and whether compositions fix the references."""
    compositions, energies = collected.compositions, np.array(collected.energies)
    known = np.isfinite(energies) & (compositions.sum(axis=1) > 0)
    rank = int(np.linalg.matrix_rank(compositions[known])) if known.any() else 0
    n_elements = compositions.shape[1]
    alone = {
        int(collected.numbers[i][0]): float(energies[i])
        for i in collected.isolated
        if known[i]
    }
    names = ", ".join(
        f"{chemical_symbols[z]} {energy:.3f} eV" for z, energy in alone.items()
    )
    if rank < n_elements:
        return [
            finding(
                "isolated_atoms",
                "warn" if len(alone) != n_elements else "ok",
                f"the compositions are {rank} independent ones of {n_elements} "
                "elements, so the energies of the single elements are not determined"
                + (f"; isolated atoms: {names}." if names else " and there are no "
                   "isolated atoms: other compositions are out of reach."),
            )
        ]  # fmt: skip
    fitted = np.linalg.lstsq(compositions[known], energies[known], rcond=None)[0]
    values = ", ".join(
        f"{symbol} {value:.2f}"
        for symbol, value in zip(collected.symbols, fitted, strict=True)
    )
    bound = [
        symbol
        for symbol, value in zip(collected.symbols, fitted, strict=True)
        if alone.get(_number(symbol), np.inf) < value
    ]
    if bound:
        return [
            finding(
                "isolated_atoms",
                "warn",
                f"isolated {', '.join(bound)} lies below its energy in matter "
                f"({names}; fitted {values} eV): was the atom computed with spin?",
                collected.isolated,
            )
        ]
    return [
        finding(
            "isolated_atoms",
            "ok",
            f"energies per atom by least squares: {values} eV"
            + (f"; isolated: {names}." if names else "; no isolated atoms."),
        )
    ]


def _number(symbol: str) -> int:
    return int(chemical_symbols.index(symbol))


def check_distances(collected: Collection) -> list[Finding]:
    """Atoms that are too close."""
    ratio = np.array([each[0] for each in collected.closest])
    close = np.flatnonzero(ratio < CLOSE)
    if not len(close):
        at = int(np.nanargmin(ratio)) if np.isfinite(ratio).any() else None
        said = "no two atoms meet" if at is None else (
            f"the closest atoms are {collected.closest[at][2]} of frame {at}, "
            f"{collected.closest[at][1]:.2f} Å apart"
        )  # fmt: skip
        return [finding("close_atoms", "ok", f"{said}.")]
    worst = int(np.nanargmin(ratio))
    _, distance, where = collected.closest[worst]
    return [
        finding(
            "close_atoms",
            "fail" if ratio[worst] < TOO_CLOSE else "warn",
            f"{len(close)} frames have atoms closer than {CLOSE:g} of their covalent "
            f"radii; the closest are {where} of frame {worst}, {distance:.2f} Å apart. "
            "Look at the frames: wrong cell, wrong wrapping, or meant?",
            close.tolist(),
        )
    ]


def check_sizes(collected: Collection) -> list[Finding]:
    """Sizes of the forces that stand out, and forces that do not cancel."""
    found = []
    largest = np.array([each[0] for each in collected.largest_force])
    big = np.flatnonzero(largest > LARGE_FORCE)
    if len(big):
        worst = int(np.nanargmax(largest))
        found.append(
            finding(
                "force_outliers",
                "fail" if largest[worst] > ABSURD_FORCE else "warn",
                f"{len(big)} frames have forces above {LARGE_FORCE:g} eV/Å; the "
                f"largest is {largest[worst]:.3g} eV/Å on atom "
                f"{collected.largest_force[worst][1]} of frame {worst}.",
                big.tolist(),
            )
        )
    elif np.isfinite(largest).any():
        worst = int(np.nanargmax(largest))
        said = f"largest force {largest[worst]:.3g} eV/Å (frame {worst})."
        found.append(finding("force_outliers", "ok", said))
    net = np.array(collected.net_force) / np.maximum(collected.n_atoms, 1)
    drifting = np.flatnonzero((net > NET_FORCE) & (collected.n_atoms > 1))
    if len(drifting):
        worst = int(np.nanargmax(net))
        found.append(
            finding(
                "net_force",
                "warn",
                f"the forces of {len(drifting)} frames do not cancel: up to "
                f"{net[worst]:.3g} eV/Å per atom (frame {worst}). Atoms left out, or "
                "an external field?",
                drifting.tolist(),
            )
        )
    else:
        found.append(finding("net_force", "ok", "the forces of every frame cancel."))
    return found


def check_coverage(
    collected: Collection,
) -> tuple[list[Finding], tuple[PairCoverage, ...]]:
    """Which elements meet at which distances."""
    kinds = sorted(collected.elements)
    pairs = []
    for a in kinds:
        for b in (z for z in kinds if z >= a):
            counts = collected.histograms.get((a, b), np.zeros(N_BINS, np.int64))
            filled = np.flatnonzero(counts)
            gap = 0.0
            if len(filled):
                edges = np.r_[filled, N_BINS]
                gap = float((np.diff(edges).max() - 1) * BIN_A)
            pairs.append(
                PairCoverage(
                    elements=(chemical_symbols[a], chemical_symbols[b]),
                    n_pairs=int(counts.sum()),
                    shortest_A=float(collected.shortest.get((a, b), np.inf)),
                    emptiest_A=max(gap, 0.0),
                    histogram=tuple(counts.tolist()),
                )
            )
    never = ["–".join(p.elements) for p in pairs if p.n_pairs < FEW_PAIRS]
    gaps = [
        f"{'–'.join(p.elements)} ({p.emptiest_A:.1f} Å)"
        for p in pairs
        if p.n_pairs >= FEW_PAIRS and p.emptiest_A >= EMPTY_A
    ]
    reach = f"{N_BINS * BIN_A:g} Å"
    said = []
    if never:
        said.append(f"hardly any pair within {reach} of {', '.join(never)}")
    if gaps:
        said.append(f"distances without any pair: {', '.join(gaps)}")
    if said:
        message = "; ".join(said) + ": there the potential will guess."
        return [finding("coverage", "warn", message)], tuple(pairs)
    message = f"every pair of elements meets, without gaps up to {reach}."
    return [finding("coverage", "ok", message)], tuple(pairs)
