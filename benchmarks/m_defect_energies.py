"""Energies of the M-defect layered family of Li2ZrCl6 above the ideal layers.

Every symmetry-distinct arrangement of a few small cells is relaxed, cell and atoms, in
one batch.

    python benchmarks/m_defect_energies.py [--model li-zr-cl] [--picture FILE.png]
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from mlip import load_potential
from structures import relax
from structures.prototypes import build_m_defect_layers
from structures.side_view import draw_side_view
from structures.space_group import symmetry_dataset

KJ_PER_MOL_PER_eV = 96.48533
SYMMETRY_A = 0.02
CONTACT_A = 3.1
PLANE_A = 1.0
MANY_ATOMS = 20
SQRT3 = ((1, 1), (-2, 1))
THREE = ((3, 0), (-3, 3))
TWO_SQRT3 = ((2, 2), (-4, 2))
RECTANGULAR = ((3, 0), (-2, 4))

FAMILIES = {
    "ideal layers": (
        {"supercell": SQRT3, "metal_between": 0},
        {"supercell": SQRT3, "metal_between": 0, "stacking": "h", "n_layers": 3},
        {"supercell": SQRT3, "metal_between": 0, "stacking": "h", "n_layers": 2},
        {"supercell": SQRT3, "metal_between": 0, "stacking": "hc", "n_layers": 2},
    ),
    "1 M of 4 between, hcp": (
        {"supercell": RECTANGULAR, "stacking": "h"},
        {"supercell": TWO_SQRT3, "stacking": "h"},
    ),
    "1 M of 3 between, hcp": (
        {"supercell": THREE, "stacking": "h"},
        {"supercell": THREE, "stacking": "h", "lithium_between": 1},
    ),
    "1 M of 3 between, ccp": ({"supercell": THREE},),
    "1 M of 2 between, hcp": ({"supercell": ((2, 2), (-1, 2)), "stacking": "h"},),
    "Li between only": (
        {"supercell": SQRT3, "metal_between": 0, "lithium_between": 1},
        {"supercell": SQRT3, "metal_between": 0, "lithium_between": 2},
    ),
}


def space_group(atoms: Atoms) -> str:
    """Symbol of the space group at 0.02 Å."""
    found = symmetry_dataset(
        atoms.cell[:],
        atoms.get_scaled_positions(),
        atoms.numbers,
        tolerance_A=SYMMETRY_A,
    )
    return "P1" if found is None else str(found.international)


def main() -> None:
    """Relax every arrangement, print them in order of energy, draw them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="li-zr-cl")
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    potential = load_potential(options.model)
    names, starts = [], []
    for name, members in FAMILIES.items():
        for member in members:
            built = build_m_defect_layers(**member)
            names += [name] * len(built)
            starts += list(built)
    begin = time.perf_counter()
    relaxed = relax(
        starts,
        potential,
        fmax_eV_per_A=0.02,
        stress_max_eV_per_A3=5e-4,
        cell="full",
        max_steps=300,
    )
    per_unit = np.array(
        [r.energy_eV / int((r.atoms.symbols == "Zr").sum()) for r in relaxed]
    )
    above = (per_unit - per_unit[0]) * KJ_PER_MOL_PER_eV
    rows = [
        {
            "family": name,
            "n_atoms": len(start),
            "space_group_built": space_group(start),
            "space_group_relaxed": space_group(r.atoms),
            "multiplicity": start.info["multiplicity"],
            "isolated": isolated(start),
            "energy_kJ_per_mol": round(float(energy), 2),
            "converged": r.converged,
        }
        for name, start, r, energy in zip(names, starts, relaxed, above, strict=True)
    ]
    for row in sorted(rows, key=lambda row: row["energy_kJ_per_mol"]):
        print(json.dumps(row))
    print(f"{len(rows)} structures in {time.perf_counter() - begin:.0f} s")
    if options.picture:
        lowest = min(
            (k for k, n in enumerate(names) if "M of 4" in n), key=above.__getitem__
        )
        lonely = [isolated(start) for start in starts]
        shown = (relaxed[0].atoms, relaxed[lowest].atoms)
        draw(names, above, lonely, shown=shown, path=options.picture)


def draw(
    names: list[str],
    above_kJ_per_mol: np.ndarray,
    lonely: list[bool],
    *,
    shown: tuple[Atoms, Atoms],
    path: Path,
) -> None:
    """Side views of the ideal and an M-defect structure beside all energies."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.5, 3.9), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.2))
    for ax, atoms, title in (
        (left, shown[0], "ideal layers"),
        (middle, shown[1], "1 Zr of 4 between the layers"),
    ):
        draw_side_view(upright(atoms), ax=ax)
        ax.set_title(title, pad=22, fontsize=11)
    families = list(FAMILIES)
    row = np.array([families.index(name) for name in names])
    open_, full = np.array(lonely), above_kJ_per_mol > 0
    for mask, face, label in (
        (open_ & full, "C0", "ZrCl$_6$ isolated"),
        (~open_ & full, "none", "ZrCl$_6$ share corners"),
    ):
        right.plot(
            above_kJ_per_mol[mask], row[mask], "o", mfc=face, mec="C0", label=label
        )
    right.axvspan(0.01, 0.4, color="0.88", zorder=0, label="published difference")
    right.set_xscale("log")
    right.set_xlim(0.05, 300)
    right.set_yticks(range(len(families)), families)
    right.set_ylim(len(families) - 0.5, -0.5)
    right.set_xlabel("energy above ideal ccp layers (kJ per mol Li$_2$ZrCl$_6$)")
    right.legend(loc="lower left", fontsize=8)
    figure.savefig(path, dpi=150)


def upright(atoms: Atoms) -> Atoms:
    """Three repeats along c in a cell whose c is the normal, for a side view."""
    tall = atoms.repeat((2 if len(atoms) < MANY_ATOMS else 1, 1, 3))
    tall.set_cell(tall.cell.standard_form()[0], scale_atoms=True)
    cell = tall.cell[:].copy()
    cell[2, :2] = 0.0
    tall.set_cell(cell)
    tall.positions[:, 2] += PLANE_A  # no chlorine plane is torn apart
    tall.wrap()
    return tall


def isolated(atoms: Atoms) -> bool:
    """Whether no two ZrCl6 of a structure have a chlorine in common."""
    i, j = neighbor_list("ij", atoms, CONTACT_A)
    bonds = (atoms.symbols[i] == "Cl") & (atoms.symbols[j] == "Zr")
    return bool(np.bincount(i[bonds]).max() == 1)


if __name__ == "__main__":
    main()
