"""Compare our decomposition enthalpies of random compounds with the published ones.

Prints the deviations and, where a file is named, draws one against the other.

    python scripts/screening/check_decomposition.py [--compounds 1000] [--seed 2020] \
        [--figure docs/images/decomposition_enthalpies.png]
"""

import argparse
from pathlib import Path

import numpy as np

from screening import decomposition_enthalpy, load_entries
from screening.shipped_entries import published_decomposition_enthalpies


def main() -> None:
    """Draw the compounds, compute, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2020)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    entries = load_entries()
    rng = np.random.default_rng(options.seed)
    rows = rng.choice(len(entries), options.compounds, replace=False)
    formulas = [
        "".join(
            f"{s}{n}" for s, n in entries.compositions.composition(int(row)).items()
        )
        for row in rows
    ]
    found = [decomposition_enthalpy(f, entries=entries) for f in formulas]
    ours = np.array([each.enthalpy_eV_per_atom for each in found])
    published = published_decomposition_enthalpies()[rows]
    deviations = 1e3 * np.abs(ours - published)
    print(
        f"{options.compounds} compounds, seed {options.seed}: deviation rms "
        f"{np.sqrt(np.mean(deviations**2)):.3f}, median {np.median(deviations):.4f}, "
        f"largest {deviations.max():.2f} meV/atom; above 1 meV/atom: "
        f"{(deviations > 1).sum()}; same side of the hull: "
        f"{100 * np.mean((ours <= 0) == (published <= 0)):.1f} %"
    )
    for index in np.argsort(-deviations)[:5]:
        print(
            f"  {found[index].formula}: ours {1e3 * ours[index]:.2f}, published "
            f"{1e3 * published[index]:.2f} meV/atom"
        )
    if options.figure:
        _draw(options.figure, ours, published)


def _draw(path: Path, ours: np.ndarray, published: np.ndarray) -> None:
    """Ours against the published, and the deviations."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.8), layout="constrained")
    ends = [min(ours.min(), published.min()), max(ours.max(), published.max())]
    left.plot(ends, ends, color="0.7", lw=1, zorder=0)
    left.scatter(published, ours, s=8, alpha=0.6, lw=0)
    left.set_xlabel("published decomposition enthalpy (eV/atom)")
    left.set_ylabel("ours (eV/atom)")
    deviations = np.maximum(1e3 * np.abs(ours - published), 1e-4)
    right.hist(deviations, bins=np.logspace(-4, 1, 41))
    right.set_xscale("log")
    right.set_yscale("log")
    right.set_xlabel("deviation (meV/atom); 10⁻⁴ and less in the first bar")
    right.set_ylabel("compounds")
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
