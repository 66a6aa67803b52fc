"""Garnet Li7La3Zr2O12: ordered tetragonal and disordered cubic."""

from ase import Atoms

from structures.disordered_crystal import DisorderedCrystal
from structures.prototypes.wyckoff import crystal_from_sites
from structures.site_labels import site_labels

CUBIC_A = 12.9827
CUBIC_SITES = (
    ("Li24d", "Li", (3 / 8, 0, 1 / 4), 0.94),
    ("Li96h", "Li", (0.0970, 0.6853, 0.5770), 0.349),
    ("La24c", "La", (1 / 8, 0, 1 / 4), 1.0),
    ("Zr16a", "Zr", (0, 0, 0), 1.0),
    ("O96h", "O", (-0.0318, 0.0547, 0.1497), 1.0),
)
TETRAGONAL_A = 13.134
TETRAGONAL_C = 12.663
TETRAGONAL_SITES = (  # origin choice 1 of I4_1/acd
    ("Li8a", "Li", (0, 0, 0)),
    ("Li16f", "Li", (0.1797, 0.3203, 0.5)),
    ("Li32g", "Li", (0.0806, 0.1643, 0.4291)),
    ("La8b", "La", (0, 0, 0.25)),
    ("La16e", "La", (0.1270, 0.25, 0.875)),
    ("Zr16c", "Zr", (0, 0.25, 0.125)),
    ("O32g_1", "O", (0.0338, 0.1952, 0.2774)),
    ("O32g_2", "O", (0.0541, 0.1029, 0.5912)),
    ("O32g_3", "O", (0.1496, 0.2224, 0.0714)),
)


def build_llzo_tetragonal(
    *, a_A: float = TETRAGONAL_A, c_A: float = TETRAGONAL_C
) -> Atoms:
    """Tetragonal Li7La3Zr2O12, I4_1/acd, 8 formula units.

    Parameters
    ----------
    a_A, c_A
        Lattice constants [Å]; by default measured at room temperature.

    Returns
    -------
    Atoms
        Periodic cell with 192 atoms; ``arrays["site"]`` counts
        ``info["site_names"]``.

    Notes
    -----
    Every lithium site is full: tetrahedral 8a, octahedral 16f and 32g. The
    coordinates are those of the refinement of a single crystal, in origin choice 1
    (database entry ICSD 246816, by way of the OBELiX data set, CC BY 4.0); they give
    six Zr-O of 2.10-2.11 Å and four Li(8a)-O of 1.914 Å.

    References
    ----------
    J. Awaka, N. Kijima, H. Hayakawa, J. Akimoto, J. Solid State Chem. 182, 2046
    (2009), doi:10.1016/j.jssc.2009.05.020. F. Therrien et al., arXiv:2502.14234.

    Examples
    --------
    >>> build_llzo_tetragonal().get_chemical_formula(mode="metal")
    'La24Li56Zr16O96'

    """
    return crystal_from_sites(
        TETRAGONAL_SITES, space_group=142, cell=(a_A, a_A, c_A, 90, 90, 90)
    )


def build_llzo_cubic(*, a_A: float = CUBIC_A) -> DisorderedCrystal:
    """Cubic Li7La3Zr2O12, Ia-3d, lithium spread over 24d and 96h.

    Parameters
    ----------
    a_A
        Lattice constant [Å]; by default measured at room temperature.

    Returns
    -------
    DisorderedCrystal
        Conventional cell of 8 formula units: 56 lithium atoms on 24 tetrahedral and
        96 split octahedral sites, 136 framework atoms.

    Notes
    -----
    Li 24d (3/8, 0, 1/4) occupied to 0.94, Li 96h (0.0970, 0.6853, 0.5770) to 0.349,
    La 24c, Zr 16a, O 96h (-0.0318, 0.0547, 0.1497). Four 96h sites stand 1.64 Å from
    each 24d site, and 96h sites come in pairs 0.76 Å apart (the two halves of one
    octahedron): of such neighbours at most one is occupied. Nominal content
    24 x 0.94 + 96 x 0.349 = 56.06, that is 56.

    The numbers were transcribed from the refinement of a single crystal by way of
    secondary sources, and checked by what they give: six Zr-O of 2.11 Å, La-O of 2.52
    and 2.59 Å, four Li(24d)-O of 1.91 Å, and every site of the tetragonal form within
    0.5 Å of one of these sites. A CIF of one's own is read with
    ``read_disordered_crystal``.

    References
    ----------
    J. Awaka, A. Takashima, K. Kataoka, N. Kijima, Y. Idemoto, J. Akimoto, Chem. Lett.
    40, 60 (2011), doi:10.1246/cl.2011.60.

    Examples
    --------
    >>> llzo = build_llzo_cubic()
    >>> llzo.n_sites, round(llzo.content["Li"])
    (256, 56)

    """
    shares = {name: (species, share) for name, species, _, share in CUBIC_SITES}
    atoms = crystal_from_sites(
        [(name, species, position) for name, species, position, _ in CUBIC_SITES],
        space_group=230,
        cell=(a_A, a_A, a_A, 90, 90, 90),
    )
    names = site_labels(atoms)
    return DisorderedCrystal(
        cell_A=atoms.cell.array,
        scaled_positions=atoms.get_scaled_positions(),
        occupancies=tuple(dict([shares[name]]) for name in names),
        site_names=names,
        source="Awaka et al., Chem. Lett. 40, 60 (2011), doi:10.1246/cl.2011.60",
    )
