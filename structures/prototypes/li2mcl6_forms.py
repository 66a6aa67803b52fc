"""Forms of Li2MCl6 by space group, constructed on a close packing of chlorine."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms

from structures.prototypes.close_packing import close_packing
from structures.prototypes.m_defect import (
    LATTICE_A,
    LAYER_SPACING_A,
    METAL_CHLORINE_A,
    Supercell,
)
from structures.prototypes.occupied_packing import occupied_packing
from training_data.errors import InputError

SQRT3: Supercell = ((1, 1), (-2, 1))
HF_SHORTER_A = 0.01  # Shannon radii, six-fold: Zr4+ 0.72, Hf4+ 0.71 Å


@dataclass(frozen=True, kw_only=True)
class _Form:
    """Stacking, in-plane cell and occupied octahedra of one form."""

    space_group: str
    stacking: str
    n_layers: int
    supercell: Supercell
    metal_sites: tuple[int, ...]
    lithium_sites: tuple[int, ...]


_FORMS = {
    form.space_group: form
    for form in (
        _Form(
            space_group="P-3m1",
            stacking="h",
            n_layers=1,
            supercell=((3, 0), (-3, 3)),
            metal_sites=(0, 4, 9),
            lithium_sites=(1, 2, 3, 5, 6, 7),
        ),
        _Form(
            space_group="C2/m",
            stacking="c",
            n_layers=1,
            supercell=SQRT3,
            metal_sites=(0,),
            lithium_sites=(4, 5),
        ),
        _Form(
            space_group="P-31c",
            stacking="h",
            n_layers=2,
            supercell=SQRT3,
            metal_sites=(0, 7),
            lithium_sites=(1, 2, 6, 8),
        ),
        _Form(
            space_group="P2/m",
            stacking="h",
            n_layers=1,
            supercell=((3, 0), (-2, 4)),
            metal_sites=(0, 2, 5, 14),
            lithium_sites=(1, 3, 4, 6, 8, 9, 10, 11),
        ),
    )
}


def build_li2mcl6_form(
    space_group: str,
    *,
    metal: str = "Zr",
    a_A: float = LATTICE_A,
    layer_spacing_A: float = LAYER_SPACING_A,
    metal_chlorine_A: float | None = None,
) -> Atoms:
    """Li2MCl6 of one space group, constructed from close packing and site occupation.

    Parameters
    ----------
    space_group
        ``"P-3m1"``, ``"C2/m"``, ``"P-31c"`` or ``"P2/m"``.
    metal
        Symbol of the tetravalent cation, Zr or Hf.
    a_A
        sqrt(3) times the Cl-Cl distance within a plane [Å].
    layer_spacing_A
        Height of two chlorine planes [Å]; all planes are equidistant.
    metal_chlorine_A
        M-Cl length to which chlorine is moved within its plane [Å]; by default 2.487
        for Zr and 0.01 Å less (ionic radii) for Hf.

    Returns
    -------
    Atoms
        Periodic crystal with sites M, M_B, Li_A, Li_B, Cl as in
        ``build_m_defect_layers``.

    Raises
    ------
    InputError
        If the form is unknown or a length cannot be reached.

    Notes
    -----
    Only the space group and the scheme of occupation are taken from the literature;
    the coordinates are those of ideal packing at the lattice of the layered form.

    - P-3m1, hexagonal packing, 3 x 3 cell (27 atoms), as of the Li3YCl6 type that
      mechanochemical Li2ZrCl6 is reported in: M on 1a and 2d. There Li is
      distributed over 6g and 6h; here it fills 6h, which keeps the symmetry.
    - C2/m, cubic packing (9 atoms), Li3InCl6 type: M on 2a, Li on 4h of the next
      sheet, 2d vacant.
    - P-31c, hexagonal packing (18 atoms): ideal layers, M of neighbouring ones in
      different columns.
    - P2/m, hexagonal packing (36 atoms): the arrangement of highest symmetry of the
      M-defect family with three M in A for one in B.

    References
    ----------
    K. Wang et al., Nat. Commun. 12, 4410 (2021), doi:10.1038/s41467-021-24697-2
    (P-3m1).
    F. Li et al., Nano Lett. 22, 2461 (2022), doi:10.1021/acs.nanolett.2c00187 (P-31c
    and P2/m, by indexing).
    R. D. Shannon, Acta Cryst. A 32, 751 (1976), doi:10.1107/S0567739476001551.

    Examples
    --------
    >>> build_li2mcl6_form("P-31c").get_chemical_formula(mode="metal")
    'Li4Zr2Cl12'

    """
    if space_group not in _FORMS:
        raise InputError(
            f"space_group must be one of {', '.join(_FORMS)}; got {space_group!r}. "
            "Other arrangements come from build_m_defect_layers."
        )
    form = _FORMS[space_group]
    packing = close_packing(
        stacking=form.stacking,
        n_layers=form.n_layers,
        supercell=form.supercell,
        nearest_A=a_A / float(np.sqrt(3)),
        layer_spacing_A=layer_spacing_A,
        layer_height_A=layer_spacing_A / 2,
    )
    if metal_chlorine_A is None:
        metal_chlorine_A = METAL_CHLORINE_A - (HF_SHORTER_A if metal == "Hf" else 0.0)
    atoms = occupied_packing(
        packing,
        metal_sites=np.array(form.metal_sites),
        lithium_sites=np.array(form.lithium_sites),
        metal=metal,
        metal_chlorine_A=metal_chlorine_A,
    )
    del atoms.info["multiplicity"]
    return atoms
