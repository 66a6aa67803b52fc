"""Structures from which the dynamics of the active learning of Li-Zr-Hf-Cl start.

Small enough to be labelled (up to 75 atoms): a thin Li | Li2HfCl6 and Li | Li2ZrCl6
interface, hafnium and zirconium dissolved in lithium, and a halide with both.

Example
-------
    python scripts/release/learning_starts.py .work/starts
    lithophile learn --config scripts/release/learn-li-zr-hf-cl.yaml --out .work/learn
"""

import sys
from pathlib import Path

from ase import Atoms
from ase.io import write

from structures import build_interface, build_prototype


def interface(electrolyte: str) -> Atoms:
    """Three atomic sheets of halide between five planes of lithium, 71 atoms."""
    built = build_interface(
        build_prototype(electrolyte),
        build_prototype("Li-bcc"),
        electrolyte_layers=1,
        metal_layers=5,
    )
    return built.atoms


def with_one(symbol: str, metal: Atoms) -> Atoms:
    """Metal in which one atom is another element."""
    atoms = metal.copy()
    atoms.symbols[0] = symbol
    return atoms


def main() -> None:
    """Write the structures into a folder."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".work/starts")
    folder.mkdir(parents=True, exist_ok=True)
    lithium = build_prototype("Li-bcc").repeat((2, 2, 2))
    mixed = build_prototype("Li2ZrCl6-C2m").repeat((2, 1, 1))
    mixed.symbols[next(atom.index for atom in mixed if atom.symbol == "Zr")] = "Hf"
    starts = {
        "Li-Li2HfCl6": interface("Li2HfCl6"),
        "Li-Li2ZrCl6": interface("Li2ZrCl6"),
        "Hf-in-Li": with_one("Hf", lithium),
        "Zr-in-Li": with_one("Zr", lithium),
        "Li2Zr05Hf05Cl6": mixed,
    }
    for name, atoms in starts.items():
        atoms.calc = None
        bare = Atoms(
            numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True
        )
        write(folder / f"{name}.extxyz", bare)
        print(f"{name}: {bare.get_chemical_formula()}, {len(bare)} atoms")


if __name__ == "__main__":
    main()
