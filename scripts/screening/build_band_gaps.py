"""Write the shipped table of band gaps, one row per composition.

The sources are the two tables of Matbench; see screening/data/SOURCE.md.

    python scripts/screening/build_band_gaps.py matbench_mp_gap.csv \
        matbench_expt_gap.csv screening/data/band_gaps.npz
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from screening.composition_table import CompositionTable
from screening.formulas import read_formula, whole_amounts
from training_data.errors import InputError

Key = tuple[tuple[str, int], ...]
NOT_KNOWN = -1


def main() -> None:
    """Collect both tables by composition and write the arrays."""
    computed, measured, target = map(Path, sys.argv[1:])
    pbe, experiment = _by_composition(computed), _by_composition(measured)
    keys = sorted(set(pbe) | set(experiment))
    table = CompositionTable.of([dict(key) for key in keys])
    np.savez_compressed(
        target,
        n_elements=table.n_elements,
        numbers=table.numbers,
        amounts=table.amounts,
        lowest_meV=_whole([min(pbe.get(key, [NOT_KNOWN])) for key in keys]),
        highest_meV=_whole([max(pbe.get(key, [NOT_KNOWN])) for key in keys]),
        measured_meV=_whole(
            [float(np.mean(experiment.get(key, [NOT_KNOWN]))) for key in keys]
        ),
        n_polymorphs=np.array([len(pbe.get(key, [])) for key in keys], np.uint16),
    )
    print(
        f"{len(keys)} compositions, {len(pbe)} computed, {len(experiment)} measured, "
        f"{target.stat().st_size / 1e6:.2f} MB"
    )


def _by_composition(path: Path) -> dict[Key, list[float]]:
    """Gaps [eV] of each composition; formulas that are none are told and left out."""
    gaps: dict[Key, list[float]] = defaultdict(list)
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                whole = whole_amounts(read_formula(row["formula"]))
            except InputError as error:
                print(f"left out: {error}")
                continue
            gaps[tuple(whole.items())].append(float(row["target"]))
    return gaps


def _whole(values: list[float]) -> np.ndarray:
    """Whole meV, -1 where a gap is not known."""
    return np.array(
        [NOT_KNOWN if value < 0 else round(value * 1e3) for value in values], np.int16
    )


if __name__ == "__main__":
    main()
