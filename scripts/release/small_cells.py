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
from ase.geometry import get_distances
from ase.io import write
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution

from mlip import Potential, load_potential, use_threads
from structures import build_prototype, relax

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Two atoms closer than this do not become a configuration [A].
CLOSEST = {"LiLi": 2.2, "ClLi": 1.9, "ClCl": 2.6, "ClM": 2.0, "LiM": 2.2, "MM": 2.3}
#: Volume per atom of random starts [A^3].
VOLUME = {"Li": 12.0, "Cl": 26.0, "Zr": 16.0}


def as_pool(atoms: Atoms, kind: str, parent: str, sampling: str) -> Atoms:
    """Bare copy with the keys of a pool.

    Parameters
    ----------
    atoms : Atoms
        Structure.
    kind, parent, sampling : str
        Its ``config_type``, ``parent`` and ``sampling``.

    Returns
    -------
    Atoms
        The copy; a long axis lies along the third vector if it did before.
    """
    bare = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
    bare.wrap()
    bare.info.update(config_type=kind, parent=parent, sampling=sampling)
    return bare


def shortest_ratio(atoms: Atoms) -> float:
    """Smallest ratio of a distance to what `CLOSEST` allows.

    Parameters
    ----------
    atoms : Atoms
        Structure.

    Returns
    -------
    float
        Above one where every pair is far enough apart.
    """
    symbols = ["M" if s in ("Zr", "Hf") else s for s in atoms.get_chemical_symbols()]
    copies = atoms.repeat(2)
    _, distances = get_distances(
        atoms.positions, copies.positions, cell=copies.cell, pbc=True
    )
    smallest = np.inf
    for i, first in enumerate(symbols):
        for j, second in enumerate(symbols * 8):
            if distances[i, j] > 0.01:
                limit = CLOSEST["".join(sorted((first, second)))]
                smallest = min(smallest, distances[i, j] / limit)
    return smallest


def random_start(symbols: list[str], rng: np.random.Generator) -> Atoms:
    """Random cell whose atoms keep their distances.

    Parameters
    ----------
    symbols : list of str
        Atoms.
    rng : Generator
        Random numbers.

    Returns
    -------
    Atoms
        Cell of ordinary density.
    """
    volume = sum(VOLUME[s] for s in symbols) * 1.15
    while True:
        lengths = rng.uniform(0.7, 1.4, 3)
        cosines = rng.uniform(-0.35, 0.35, 3)
        cell = np.diag(lengths)
        cell[1, 0], cell[2, 0], cell[2, 1] = cosines * lengths[[0, 0, 1]]
        cell *= (volume / abs(np.linalg.det(cell))) ** (1 / 3)
        for _ in range(300):
            atoms = Atoms(symbols, cell=cell, pbc=True)
            atoms.set_scaled_positions(rng.random((len(symbols), 3)))
            if shortest_ratio(atoms) > 0.8:
                return atoms


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


def strained(atoms: Atoms, volume: float, rng: np.random.Generator) -> Atoms:
    """Crystal at another volume, sheared a little, atoms displaced a little.

    Parameters
    ----------
    atoms : Atoms
        Crystal.
    volume : float
        Volume over that of the crystal.
    rng : Generator
        Random numbers.

    Returns
    -------
    Atoms
        The copy.
    """
    strain = rng.normal(scale=0.02, size=(3, 3))
    strain = (strain + strain.T) / 2
    strain -= np.eye(3) * np.trace(strain) / 3
    changed = atoms.copy()
    changed.set_cell(
        atoms.cell.array @ (np.eye(3) + strain) * volume ** (1 / 3), scale_atoms=True
    )
    changed.positions += rng.normal(scale=0.04, size=changed.positions.shape)
    return changed


def with_hafnium(atoms: Atoms) -> Atoms:
    """Copy with Hf in the place of Zr, its keys renamed.

    Parameters
    ----------
    atoms : Atoms
        Configuration of a pool.

    Returns
    -------
    Atoms
        The copy.
    """
    other = atoms.copy()
    symbols = ["Hf" if s == "Zr" else s for s in atoms.get_chemical_symbols()]
    other.set_chemical_symbols(symbols)
    for key in ("config_type", "parent"):
        other.info[key] = str(atoms.info[key]).replace("Zr", "Hf")
    return other


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
