"""Crystals with cations on the octahedral sites of close-packed chlorine."""

import numpy as np
from ase import Atoms

from structures.prototypes.close_packing import ClosePacking
from structures.site_labels import label_sites
from training_data.errors import InputError


def occupied_packing(
    packing: ClosePacking,
    *,
    metal_sites: np.ndarray,
    lithium_sites: np.ndarray,
    metal: str,
    metal_chlorine_A: float,
    multiplicity: int = 1,
) -> Atoms:
    """Crystal with cations on given octahedral sites of a close packing of chlorine.

    Parameters
    ----------
    packing
        Chlorine with its octahedral sites.
    metal_sites, lithium_sites
        Numbers of the sites that hold M and Li.
    metal
        Symbol of M.
    metal_chlorine_A
        M-Cl length to which chlorine is moved within its plane [Å].
    multiplicity
        Number of equivalent arrangements, kept in ``info``.

    Raises
    ------
    InputError
        If the length cannot be reached by moving chlorine within its plane.

    """
    chlorine = _pulled(packing, metal_sites, metal_chlorine_A)
    cations = np.concatenate([metal_sites, lithium_sites]).astype(int)
    n_metal, n_lithium = len(metal_sites), len(lithium_sites)
    between = packing.sheet[cations] % 2 == 1
    names = [
        *("M_B" if b else "M" for b in between[:n_metal]),
        *("Li_B" if b else "Li_A" for b in between[n_metal:]),
        *["Cl"] * len(chlorine),
    ]
    atoms = Atoms(
        [metal] * n_metal + ["Li"] * n_lithium + ["Cl"] * len(chlorine),
        positions=np.concatenate([packing.octahedra_A[cations], chlorine]),
        cell=packing.cell_A,
        pbc=True,
    )
    of_chlorine = np.arange(len(chlorine)) // (2 * packing.sites_per_sheet)
    layer = np.concatenate([packing.sheet[cations] // 2, of_chlorine])
    atoms = label_sites(atoms, names)
    atoms.set_array("layer", layer.astype(int))
    atoms.info["multiplicity"] = multiplicity
    atoms.wrap(pbc=(True, True, False))
    return atoms


def _pulled(
    packing: ClosePacking, metal_sites: np.ndarray, bond_A: float
) -> np.ndarray:
    """Chlorine moved within its plane to the bond length around each M."""
    displacement = np.zeros_like(packing.anions_A)
    neighbours = np.zeros(len(displacement))
    for site in metal_sites:
        for anion, vector in zip(
            packing.ligands[site], packing.vectors_A[site], strict=True
        ):
            reach = bond_A**2 - vector[2] ** 2
            if reach <= 0:
                raise InputError(
                    "metal_chlorine_A must be more than half of the distance of the "
                    f"chlorine planes ({abs(vector[2]):.3f} Å); got {bond_A!r}. "
                    "Give about 2.49 Å."
                )
            lateral = float(np.linalg.norm(vector[:2]))
            displacement[anion, :2] += vector[:2] * (np.sqrt(reach) / lateral - 1)
            neighbours[anion] += 1
    moved: np.ndarray = (
        packing.anions_A + displacement / np.maximum(neighbours, 1)[:, None]
    )
    return moved
