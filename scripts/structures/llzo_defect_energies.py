"""Print defect energies of some dopants in cubic LLZO with CHGNet (docs/doping.md).

One dopant in the primitive cell of 4 formula units (x = 0.25); positions relaxed in
the fixed cell. About ten minutes on one core.

    python scripts/structures/llzo_defect_energies.py
"""

import warnings

import numpy as np

from mlip import load_potential
from structures import (
    DefectEnergy,
    DisorderedCrystal,
    build_doped,
    build_llzo_cubic,
    defect_energies,
    phase_energies,
    prepare_host,
    reference_structures,
    relax,
)
from structures.doping import order_host

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
MAX_STEPS = 100


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
    settings = {"fmax_eV_per_A": FMAX_eV_per_A, "max_steps": MAX_STEPS}
    host = relax(ordered, potential, **settings).atoms
    for element, charge, site in DOPANTS:
        doping = build_doped(
            prepared,
            dopant=element,
            oxidation_state=charge,
            site=site,
            n_dopants=1,
            n_candidates=2,
            rng=np.random.default_rng(0),
        )
        (found,) = defect_energies(
            [doping.atoms],
            host,
            potential,
            dopant=element,
            phases=phase_energies(
                reference_structures(host, ions={element: charge}), potential
            ),
            **settings,
        )
        if isinstance(found, DefectEnergy):
            reaction = {name: c for name, c in found.reaction.items() if c}
            print(
                f"{element}{charge}+ on {site}: {found.energy_per_dopant_eV:+.2f} eV "
                f"{doping.formula} converged={found.converged} {reaction}",
                flush=True,
            )
        else:
            print(f"{element}{charge}+ on {site}: {found.reason}", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
