"""Layered Li2ZrCl6: edge-sharing octahedra in every second interlayer."""

import numpy as np
from ase import Atoms

from structures.site_labels import label_sites
from training_data.errors import InputError

LATTICE_A = 6.25
LAYER_SPACING_A = 5.87
CHLORINE_HEIGHT_A = 2.82
ZR_CL_A = 2.487


def build_layered_li2zrcl6(
    *,
    a_A: float = LATTICE_A,
    layer_spacing_A: float = LAYER_SPACING_A,
    chlorine_height_A: float = CHLORINE_HEIGHT_A,
    zr_cl_A: float = ZR_CL_A,
    metal: str = "Zr",
) -> Atoms:
    """Layered Li2MCl6 with one layer in the cell (9 atoms, C2/m).

    Chlorine is stacked cubic-close-packed, A B | C A | B C. Every second
    interlayer is filled: all octahedra of a filled one hold a cation, one third
    of them Zr in a sqrt(3) x sqrt(3) order, so each ZrCl6 shares edges with six
    LiCl6 and with no other ZrCl6. Nothing sits between the layers.

    Parameters
    ----------
    a_A
        In-plane lattice constant [Å], sqrt(3) times the Cl-Cl distance in a sheet.
    layer_spacing_A
        Distance of equivalent planes of neighbouring layers [Å].
    chlorine_height_A
        Distance of the two chlorine planes of one layer [Å].
    zr_cl_A
        M-Cl bond length [Å]; chlorine is shifted towards M within its plane.
    metal
        Symbol of the tetravalent cation, Zr or Hf.

    Returns
    -------
    Atoms
        Li2MCl6, periodic; a and b span the layer (angle 60°). Sites M, Li_A and Cl.

    Raises
    ------
    InputError
        If the bond length cannot be reached at this height, or layers overlap.

    Notes
    -----
    Chlorine plane height h, in-plane distance r between M and its chlorine:
    ``r = sqrt(d² - h²/4)``; the ideal close packing has ``r = a/3``.

    ======  ===================
    symbol  variable
    ======  ===================
    a       ``a_A``
    h       ``chlorine_height_A``
    d       ``zr_cl_A``
    ======  ===================

    Where the defaults come from: the stacking and bond lengths (Zr-Cl 2.487,
    Li-Cl 2.54 Å) are those of the PBE-D3(BJ) frames ``Li2ZrCl6-layered-one-layer``
    of the shipped data set. Those were labelled at a = 6.36 Å and are still under
    an in-plane tension of 1.2 GPa; CHGNet + D3(BJ), with its stress shifted to
    theirs, relaxes to a = 6.22, spacing 5.87, height 2.83 Å. a = 6.25 Å lies within
    0.5 % of it and is the value that the published match implies (mismatch 1.08 %
    against Li(111) with a_fcc = 4.20 Å, sqrt(3) on sqrt(13)); measured patterns
    give 10.97/sqrt(3) = 6.33 Å. Four layers are then 20.4 Å thick (20.5 Å
    published). Relax with the potential in use before anything is concluded from
    lattice constants.

    References
    ----------
    F. Li et al., Nano Lett. 22, 2461 (2022), doi:10.1021/acs.nanolett.2c00187.

    Examples
    --------
    >>> atoms = build_layered_li2zrcl6()
    >>> atoms.get_chemical_formula(mode="metal")
    'Li2ZrCl6'
    >>> round(float(atoms.get_volume()) / float(atoms.cell.areas()[2]), 6)
    5.87

    """
    half = chlorine_height_A / 2
    if zr_cl_A <= half:
        raise InputError(
            f"zr_cl_A must be more than half of chlorine_height_A; got {zr_cl_A!r}. "
            f"Give more than {half:.3f} Å or lower the chlorine height."
        )
    if layer_spacing_A <= chlorine_height_A:
        raise InputError(
            "layer_spacing_A must be more than chlorine_height_A; got "
            f"{layer_spacing_A!r}. Layers would interpenetrate: give about 5.9 Å."
        )
    planar = a_A * np.array([[1.0, 0.0], [0.5, np.sqrt(3) / 2]])
    # fractional in-plane sites of the sqrt(3) x sqrt(3) cell
    bottom = np.array([[0, 0], [1 / 3, 1 / 3], [2 / 3, 2 / 3]])
    top = bottom + np.array([0, 1 / 3])
    cations = np.array([[0, 2 / 3], [1 / 3, 0], [2 / 3, 1 / 3]])
    reach = np.sqrt(zr_cl_A**2 - half**2)

    def pulled(sites: np.ndarray) -> np.ndarray:
        """Cartesian chlorine positions at the distance ``reach`` from M."""
        delta = sites - cations[0]
        delta -= np.round(delta)
        images = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)])
        vectors = (delta[:, None] + images) @ planar
        near = np.linalg.norm(vectors, axis=2).argmin(axis=1)
        towards = vectors[np.arange(len(sites)), near]
        unit = towards / np.linalg.norm(towards, axis=1, keepdims=True)
        return np.asarray(cations[0] @ planar + reach * unit)

    xy = np.vstack([cations @ planar, pulled(bottom), pulled(top)])
    heights = np.array([half] * 3 + [0.0] * 3 + [2 * half] * 3)
    cell = np.zeros((3, 3))
    cell[:2, :2] = planar
    cell[2, :2] = np.array([0, 2 / 3]) @ planar  # next layer: C A with M in B
    cell[2, 2] = layer_spacing_A
    atoms = Atoms(
        [metal, "Li", "Li", *["Cl"] * 6],
        positions=np.column_stack([xy, heights]),
        cell=cell,
        pbc=True,
    )
    atoms.wrap(pbc=(True, True, False))
    atoms.set_array("layer", np.zeros(len(atoms), dtype=int))
    return label_sites(atoms, ["M", *["Li_A"] * 2, *["Cl"] * 6])
