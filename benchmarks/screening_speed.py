"""Entries and reactions: loading the table, one chemical system, all dopants.

Targets, in processor time on one core: the table and its index in less than 1 s, the
entries of one chemical system in less than 50 ms, full titration and classes of all
dopants of LLZO in less than 10 s with no diagram built before. What pymatgen takes to
import is not counted.
"""

import sys
import time
from dataclasses import replace

import numpy as np
import pymatgen.analysis.phase_diagram  # noqa: F401 (imported before the clock starts)

from screening import decomposition_enthalpy, load_entries
from screening.dopant_screening import screen_dopants
from structures.dopants import load_llzo_dopants

TARGET_LOADING_S, TARGET_SYSTEM_S, TARGET_DOPANTS_S = 1.0, 0.05, 10.0
SYSTEMS = ("Li-La-Zr-O-Al", "Li-La-Zr-O-Ta", "Li-La-Zr-O-Fe", "Li-P-S-Cl", "Li-Zr-Cl")
N_COMPOUNDS = 100
REPEATS = 5


def loading() -> bool:
    """Table read, with what finding rows needs; True where the target is missed."""
    start = time.process_time()
    entries = load_entries()
    entries.compositions.rows_within({"Li"})
    seconds = time.process_time() - start
    print(
        f"entries: {len(entries):,} compounds loaded in {seconds:.3f} s "
        f"(target < {TARGET_LOADING_S:g} s)"
    )
    return seconds > TARGET_LOADING_S


def chemical_systems() -> bool:
    """Entries of single systems, the slowest counts; True where it is too slow."""
    entries = load_entries()
    slowest = 0.0
    for system in SYSTEMS:
        times = []
        for _ in range(REPEATS):
            start = time.process_time()
            found = entries.chemical_system(system)
            times.append(time.process_time() - start)
        listed = float(np.median(times))  # now and then Python collects garbage
        start = time.process_time()
        entries.phase_diagram(system)
        built = time.process_time() - start
        start = time.process_time()
        entries.phase_diagram(system)
        again = time.process_time() - start
        print(
            f"entries: {system}, {len(found)} entries in {1e3 * listed:.1f} ms "
            f"(target < {1e3 * TARGET_SYSTEM_S:g} ms), phase diagram in "
            f"{1e3 * built:.0f} ms, the second time in {1e6 * again:.0f} µs"
        )
        slowest = max(slowest, listed)
    return slowest > TARGET_SYSTEM_S


def decompositions() -> bool:
    """Decomposition enthalpies of random compounds."""
    entries = load_entries()
    rng = np.random.default_rng(0)
    formulas = [
        "".join(
            f"{s}{n}" for s, n in entries.compositions.composition(int(row)).items()
        )
        for row in rng.choice(len(entries), N_COMPOUNDS, replace=False)
    ]
    start = time.process_time()
    for formula in formulas:
        decomposition_enthalpy(formula, entries=entries)
    each = (time.process_time() - start) / N_COMPOUNDS
    print(f"entries: {1e3 * each:.1f} ms per decomposition enthalpy")
    return False


def dopants() -> bool:
    """All kinks, products and classes of all dopants; True where it is too slow."""
    entries = replace(load_entries(), _diagrams={})
    rows = load_llzo_dopants()
    start = time.process_time()
    found = screen_dopants(rows, entries=entries)
    seconds = time.process_time() - start
    n_kinks = sum(len(row.titration.kinks) for row in found.dopants)
    print(
        f"reactions: {len(found.dopants)} dopants with {n_kinks} kinks and their "
        f"classes in {seconds:.1f} s (target < {TARGET_DOPANTS_S:g} s)"
    )
    return seconds > TARGET_DOPANTS_S


def main() -> int:
    """Print a line per measurement; 1 where a target is missed."""
    return int(any([loading(), chemical_systems(), decompositions(), dopants()]))


if __name__ == "__main__":
    sys.exit(main())
