"""Small cells for the labelling queue: what the shipped data set lacks.

Random-search structures along LiCl-ZrCl4 and LiCl-HfCl4, sub-chlorides, strained and
compressed crystals, vacancies and interstitials, melts, Zr and Hf dissolved in Li,
and surfaces: 8 to 20 atoms each, so that one takes 10 to 30 s on one core. Motion
comes from the released potential; hafnium cells are zirconium cells with Hf in
the place of Zr, since the released potential knows no Hf.

Example
-------
    python small_cells.py --out small-cells.extxyz --seed 11
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms, units
from ase.build import bcc100, bcc110, fcc111, make_supercell, surface
from ase.io import write
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from small_cell_geometry import (
    as_pool,
    random_start,
    shortest_ratio,
    strained,
    with_hafnium,
)

from mlip import Potential, load_potential, use_threads
from structures import build_prototype, relax

if TYPE_CHECKING:
    from collections.abc import Iterator


def motion(
    atoms: Atoms,
    potential: Potential,
    *,
    temperature_K: float,
    n_steps: int,
    rng: np.random.Generator,
) -> Atoms:
    """Structure after a while of Langevin dynamics.

    Parameters
    ----------
    atoms : Atoms
        Start; left as it is.
    potential : Potential
        Energies and forces.
    temperature_K : float
        Temperature [K].
    n_steps : int
        Steps of 2 fs.
    rng : Generator
        Random numbers.

    Returns
    -------
    Atoms
        Last structure.
    """
    moving = atoms.copy()
    moving.calc = potential.calculator()
    MaxwellBoltzmannDistribution(moving, temperature_K=temperature_K, rng=rng)
    Langevin(
        moving,
        2 * units.fs,
        temperature_K=temperature_K,
        friction=0.02 / units.fs,
        rng=rng,
    ).run(n_steps)
    return moving


def random_search(potential: Potential, rng: np.random.Generator) -> Iterator[Atoms]:
    """Random structures, on their way down and at rest.

    Parameters
    ----------
    potential : Potential
        Relaxes them.
    rng : Generator
        Random numbers.

    Yields
    ------
    Atoms
        Configurations.
    """
    kinds = {
        "Li2ZrCl6": ["Li"] * 2 + ["Zr"] + ["Cl"] * 6,
        "LiZrCl5": ["Li"] + ["Zr"] + ["Cl"] * 5,
        "Li4ZrCl8": ["Li"] * 4 + ["Zr"] + ["Cl"] * 8,
        "LiZr2Cl9": ["Li"] + ["Zr"] * 2 + ["Cl"] * 9,
        "Li3ZrCl7": ["Li"] * 3 + ["Zr"] + ["Cl"] * 7,
    }
    for name, symbols in kinds.items():
        for number in range(7):
            start = random_start(symbols, rng)
            for n_steps, stage in ((12, "on-the-way"), (200, "at-rest")):
                end = relax(
                    [start],
                    potential=potential,
                    max_steps=n_steps,
                    fmax_eV_per_A=0.05,
                    cell="full",
                )[0].atoms
                yield as_pool(end, name, f"random-{name}-{number}", stage)


def melts(potential: Potential, rng: np.random.Generator) -> Iterator[Atoms]:
    """Liquid-like cells.

    Parameters
    ----------
    potential : Potential
        Moves them.
    rng : Generator
        Random numbers.

    Yields
    ------
    Atoms
        Configurations.
    """
    crystals = {
        "LiCl": build_prototype("LiCl").repeat((2, 1, 1)),
        "Li2ZrCl6": build_prototype("Li2ZrCl6"),
        "ZrCl4": build_prototype("ZrCl4"),
        "Li": build_prototype("Li-bcc").repeat((2, 2, 2)),
        "ZrCl3": build_prototype("ZrCl3"),
    }
    for name, crystal in crystals.items():
        for temperature_K in (1500, 2500):
            start = crystal.copy()
            start.set_cell(crystal.cell.array * 1.05, scale_atoms=True)
            for n_taken in range(3):
                start = motion(
                    start, potential, temperature_K=temperature_K, n_steps=400, rng=rng
                )
                yield as_pool(
                    start,
                    name,
                    f"melt-{name}-{temperature_K}",
                    f"md{temperature_K}-{n_taken}",
                )


def crystals_under_strain(rng: np.random.Generator) -> Iterator[Atoms]:
    """Crystals compressed, expanded and sheared.

    Parameters
    ----------
    rng : Generator
        Random numbers.

    Yields
    ------
    Atoms
        Configurations.
    """
    names = {
        "Li2ZrCl6": "Li2ZrCl6",
        "Li2ZrCl6-C2m": "Li2ZrCl6",
        "ZrCl4": "ZrCl4",
        "ZrCl3": "ZrCl3",
        "ZrCl2": "ZrCl2",
        "LiCl": "LiCl",
        "Li-9R": "Li",
        "Li-fcc": "Li",
        "Zr": "Zr",
    }
    for name, kind in names.items():
        for volume in (0.82, 0.92, 1.0, 1.1):
            yield as_pool(
                strained(build_prototype(name), volume, rng),
                kind,
                f"strain-{name}",
                f"volume-{volume:.2f}",
            )


def defects(potential: Potential, rng: np.random.Generator) -> Iterator[Atoms]:
    """Vacancies, interstitials and exchanged cations, moved for a while.

    Parameters
    ----------
    potential : Potential
        Moves them.
    rng : Generator
        Random numbers.

    Yields
    ------
    Atoms
        Configurations.
    """
    for name in ("Li2ZrCl6", "Li2ZrCl6-C2m"):
        crystal = build_prototype(name)
        for change in ("Li-vacancy", "Li-interstitial", "Cl-vacancy", "Li-Zr-exchange"):
            cell = crystal.copy()
            if change.endswith("vacancy"):
                symbol = change[:2]
                del cell[rng.choice(np.flatnonzero(cell.symbols == symbol))]
            elif change == "Li-interstitial":
                for _ in range(500):
                    trial = cell + Atoms("Li", [rng.random(3) @ cell.cell.array])
                    if shortest_ratio(trial) > 0.95:
                        break
                cell = trial
            else:
                lithium = rng.choice(np.flatnonzero(cell.symbols == "Li"))
                zirconium = np.flatnonzero(cell.symbols == "Zr")[0]
                cell.numbers[[lithium, zirconium]] = cell.numbers[[zirconium, lithium]]
            for temperature_K in (300, 700):
                end = motion(
                    cell, potential, temperature_K=temperature_K, n_steps=150, rng=rng
                )
                kind = "Li2ZrCl6" if change == "Li-Zr-exchange" else "Li2ZrCl6-defect"
                yield as_pool(end, kind, f"{change}-{name}", f"md{temperature_K}")


def dissolved(potential: Potential, rng: np.random.Generator) -> Iterator[Atoms]:
    """Zirconium in lithium, on a site, between sites and in pairs.

    Parameters
    ----------
    potential : Potential
        Moves them.
    rng : Generator
        Random numbers.

    Yields
    ------
    Atoms
        Configurations.
    """
    for n_solute in (1, 2, 3):
        for lattice in ("Li-bcc", "Li-fcc"):
            cell = build_prototype(lattice).repeat(
                (2, 2, 2) if lattice == "Li-bcc" else (2, 2, 1)
            )
            chosen = rng.choice(len(cell), size=n_solute, replace=False)
            cell.symbols[chosen] = "Zr"
            for temperature_K in (400, 1000):
                end = motion(
                    cell, potential, temperature_K=temperature_K, n_steps=300, rng=rng
                )
                yield as_pool(
                    end,
                    "Zr-in-Li",
                    f"dissolved-{n_solute}-{lattice}",
                    f"md{temperature_K}",
                )


def surfaces(potential: Potential, rng: np.random.Generator) -> Iterator[Atoms]:
    """Thin slabs of the metal and the halides.

    Parameters
    ----------
    potential : Potential
        Moves them.
    rng : Generator
        Random numbers.

    Yields
    ------
    Atoms
        Configurations.
    """
    slabs = {
        "Li-100": ("Li", bcc100("Li", (1, 1, 6), a=3.34, vacuum=5.5)),
        "Li-110": ("Li", bcc110("Li", (1, 1, 5), a=3.34, vacuum=5.5)),
        "Li-111": ("Li", fcc111("Li", (1, 1, 6), a=4.2, vacuum=5.5)),
        "LiCl-100": ("LiCl", surface(build_prototype("LiCl"), (1, 0, 0), 2, 5.5)),
        "LiCl-110": ("LiCl", surface(build_prototype("LiCl"), (1, 1, 0), 2, 5.5)),
        "Zr-001": ("Zr", surface(build_prototype("Zr"), (0, 0, 1), 3, 5.5)),
    }
    for name, (kind, slab) in slabs.items():
        for temperature_K in (300, 800):
            cell = make_supercell(slab, np.eye(3))
            cell.pbc = True
            end = motion(
                cell, potential, temperature_K=temperature_K, n_steps=150, rng=rng
            )
            yield as_pool(end, kind, f"surface-{name}", f"md{temperature_K}")


def main() -> int:
    """Build the pool.

    Returns
    -------
    int
        Exit status.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    use_threads(1)
    rng = np.random.default_rng(options.seed)
    potential = load_potential("li-zr-cl")
    families = [
        list(random_search(potential, rng)),
        list(crystals_under_strain(rng)),
        list(melts(potential, rng)),
        list(defects(potential, rng)),
        list(dissolved(potential, rng)),
        list(surfaces(potential, rng)),
    ]
    pool: list[Atoms] = []
    for rank in range(max(len(family) for family in families)):
        for family in families:
            if rank < len(family) and shortest_ratio(family[rank]) > 0.75:
                # Every other zirconium cell is done with hafnium.
                atoms = family[rank]
                pool.append(with_hafnium(atoms) if len(pool) % 2 else atoms)
    write(options.out, pool, format="extxyz")
    print(len(pool), "configurations")
    return 0


if __name__ == "__main__":
    sys.exit(main())
