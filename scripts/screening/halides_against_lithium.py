"""Halides and an argyrodite against lithium: products, energies and windows.

python scripts/screening/halides_against_lithium.py [FIGURE.png]
"""

import sys

from screening.formulas import read_formula
from screening.passivation import interphase
from screening.reaction_energies import with_reaction_energies
from screening.shipped_entries import load_entries
from screening.titration import titration
from screening.window import electrochemical_window
from screening.window_view import draw_windows

COMPOUNDS = ("Li2ZrCl6", "Li2HfCl6", "Li3YCl6", "Li6PS5Cl", "LiCl")


def main() -> None:
    """Print a table of the reactions with excess lithium, and the windows."""
    entries = with_reaction_energies(load_entries())
    windows = []
    for compound in COMPOUNDS:
        n_atoms = sum(read_formula(compound).values())
        energy = (
            n_atoms * entries.formation_energy(compound)
            if compound in entries
            else None
        )
        found = titration(compound, entries=entries, energy_eV_per_formula_unit=energy)
        window = electrochemical_window(compound, entries=entries)
        windows.append(window)
        judged = interphase(found.conversion)
        print(
            compound,
            "source:",
            entries.source_of(compound) if compound in entries else "hull",
        )
        for kink in found.kinks:
            print(f"   {kink.equation}   {kink.energy_eV_per_formula_unit:+.3f} eV")
        print(
            f"   window {window.to_json()}\n   above hull "
            f"{found.energy_above_hull_eV_per_atom:.4f} eV/atom; rule B "
            f"{judged.rule_b}; volume {judged.volume_change_percent} % "
            f"with Li {judged.volume_change_with_electrode_percent} %"
        )
        print("   gaps", {p.formula: p.gap_eV("PBE") for p in judged.products})
    if len(sys.argv) > 1:
        draw_windows(windows).get_figure().savefig(sys.argv[1], dpi=130)


if __name__ == "__main__":
    main()
