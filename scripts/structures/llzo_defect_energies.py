"""Print defect energies of some dopants in cubic LLZO with CHGNet (docs/doping.md).

One dopant in the primitive cell of 4 formula units (x = 0.25); positions relaxed in
the fixed cell. About ten minutes on one core.

    python scripts/structures/llzo_defect_energies.py
"""

import sys
import warnings

import numpy as np

from mlip import load_potential
from structures import (
    DisorderedCrystal,
    build_doped,
    build_llzo_cubic,
    phase_energies,
    prepare_host,
    reference_structures,
)
from structures.defect_energy import defect_energy_of
from structures.doping import order_host
from structures.doping_energies import cell_energies
from training_data import Failure

DOPANTS = (
    ("Al", 3, "Li"),
    ("Ga", 3, "Li"),
    ("Zn", 2, "Li"),
    ("Ca", 2, "La"),
    ("Sr", 2, "La"),
    ("Hf", 4, "Zr"),
    ("Ti", 4, "Zr"),
    ("Ce", 4, "Zr"),
    ("Ta", 5, "Zr"),
    ("Nb", 5, "Zr"),
    ("Mg", 2, "Zr"),
    ("Y", 3, "Zr"),
)
TO_PRIMITIVE = 0.5 * np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]])
FMAX_eV_per_A = 0.05


def primitive_garnet() -> DisorderedCrystal:
    """Return cubic LLZO in its body-centred primitive cell: 128 sites, 96 atoms."""
    garnet = build_llzo_cubic()
    cell = TO_PRIMITIVE @ garnet.cell_A
    scaled = garnet.scaled_positions @ np.linalg.inv(TO_PRIMITIVE) % 1.0
    _, kept = np.unique(np.round(scaled, 4) % 1.0, axis=0, return_index=True)
    kept.sort()
    return DisorderedCrystal(
        cell_A=cell,
        scaled_positions=scaled[kept],
        occupancies=tuple(garnet.occupancies[index] for index in kept),
        site_names=tuple(garnet.site_names[index] for index in kept),
        source=garnet.source,
    )


def main() -> None:
    """Print one line per dopant."""
    potential = load_potential("chgnet")
    prepared = prepare_host(primitive_garnet())
    ordered = order_host(prepared, rng=np.random.default_rng(0))
    wanted = {
        (element, charge, site): reference_structures(ordered, ions={element: charge})
        for element, charge, site in DOPANTS
    }
    energies = phase_energies(
        {name: a for phases in wanted.values() for name, a in phases.items()}, potential
    )
    dopings = [
        build_doped(
            prepared,
            dopant=element,
            oxidation_state=charge,
            site=site,
            n_dopants=1,
            n_candidates=2,
            rng=np.random.default_rng(0),
        )
        for element, charge, site in wanted
    ]
    host, *cells = cell_energies(
        [ordered, *(doping.atoms for doping in dopings)],
        potential,
        fmax_eV_per_A=FMAX_eV_per_A,
        progress=lambda done, n: print(f"{done} of {n}", end="\r", file=sys.stderr),
    )
    if isinstance(host, Failure):
        raise SystemExit(host.reason)
    for (element, charge, site), phases, doping, cell in zip(
        wanted, wanted.values(), dopings, cells, strict=True
    ):
        if isinstance(cell, Failure):
            print(f"{element}{charge}+ on {site}: {cell.reason}")
            continue
        found = defect_energy_of(
            cell, host, dopant=element, phases={name: energies[name] for name in phases}
        )
        reaction = {name: c for name, c in found.reaction.items() if c}
        print(
            f"{element}{charge}+ on {site}: {found.energy_per_dopant_eV:+.2f} eV "
            f"{doping.formula} converged={found.converged} {reaction}"
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
