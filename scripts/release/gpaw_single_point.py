"""One PBE + D3(BJ) single point at the level of the shipped data set.

Settings of GPAW, k-point grids, the correction that makes the stress the
derivative of the energy, and the checks that a label must pass. The queue that
uses it is label_gpaw.py.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version

import numpy as np
from ase import Atoms

CUTOFF = 400.0  # eV
SMEARING = 0.05  # eV
CONVERGENCE = {"energy": 1e-4, "density": 1e-4, "forces": 0.005}

#: Density of the Monkhorst-Pack grid, n ~ |2 pi b| * DENSITY [A].
DENSITY_INSULATING = 1.7
DENSITY_METALLIC = 2.8
#: A cell with a spacing of lattice planes beyond this is a slab or interface.
LONG_AXIS = 14.0  # A
#: Metallic cells of more atoms than this take the nearest grid too.
MANY_ATOMS = 20

#: eV per atom; added to the analytic stress after division by the volume, it
#: makes the stress the strain derivative of the energies at 400 eV.
STRESS_PER_ATOM = {"Li": -0.0005, "Cl": -0.055, "Zr": -0.22, "Hf": -0.023}


def frame_hash(atoms: Atoms) -> str:
    """Return a hash of species, cell and positions.

    Parameters
    ----------
    atoms : Atoms
        The structure; lengths are compared to 1e-5 A.

    Returns
    -------
    str
        Sixteen hexadecimal digits.
    """
    digest = hashlib.sha256(np.asarray(atoms.numbers, "<i4").tobytes())
    for lengths in (atoms.cell.array, atoms.positions):
        digest.update(np.rint(np.asarray(lengths) * 1e5).astype("<i8").tobytes())
    digest.update(np.asarray(atoms.pbc, "u1").tobytes())
    return digest.hexdigest()[:16]


def is_insulating(atoms: Atoms) -> bool:
    """Tell whether the k-point grid of an insulator is dense enough.

    Parameters
    ----------
    atoms : Atoms
        The structure. ``metallic`` in its info decides where it is given; else
        the formal charges (Li +1, Zr and Hf +4, Cl -1) must balance. LiCl short of a
        few Cl or Li (vacancies) counts as an insulator too.

    Returns
    -------
    bool
        True for the insulating grid.
    """
    if "metallic" in atoms.info:
        return not bool(atoms.info["metallic"])
    if atoms.info.get("config_type") == "LiCl":
        return True
    symbols = atoms.get_chemical_symbols()
    tetravalent = symbols.count("Zr") + symbols.count("Hf")
    cations: int = symbols.count("Li") + 4 * tetravalent
    return cations == int(symbols.count("Cl"))


def kpoint_grid(atoms: Atoms) -> tuple[int, int, int]:
    """Return the Monkhorst-Pack grid of a structure.

    Bulk cells take the next even number above ``|2 pi b| * density``; slabs
    and interfaces (an axis beyond `LONG_AXIS`) and metallic cells of more than
    `MANY_ATOMS` atoms take the nearest whole number.

    Parameters
    ----------
    atoms : Atoms
        The structure; ``kpts`` in its info takes precedence.

    Returns
    -------
    tuple of int
        Number of points along the three reciprocal axes.
    """
    if "kpts" in atoms.info:
        n1, n2, n3 = (int(n) for n in atoms.info["kpts"])
        return n1, n2, n3
    insulating = is_insulating(atoms)
    density = DENSITY_INSULATING if insulating else DENSITY_METALLIC
    reciprocal = np.linalg.norm(atoms.cell.reciprocal(), axis=1)
    ideal = 2.0 * np.pi * reciprocal * density
    many = not insulating and len(atoms) > MANY_ATOMS
    if many or (1.0 / reciprocal).max() > LONG_AXIS:
        n1, n2, n3 = (max(1, round(float(n))) for n in ideal)
    else:
        n1, n2, n3 = (2 * max(1, int(np.ceil(n / 2.0))) for n in ideal)
    return n1, n2, n3


def stress_correction(atoms: Atoms) -> np.ndarray:
    """Return what is added to the analytic stress.

    Parameters
    ----------
    atoms : Atoms
        The structure.

    Returns
    -------
    ndarray
        Voigt vector [eV/A^3].
    """
    total = sum(STRESS_PER_ATOM[symbol] for symbol in atoms.get_chemical_symbols())
    isotropic = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    return isotropic * (total / float(atoms.get_volume()))


def label(atoms: Atoms, logfile: str | None = None, max_iterations: int = 200) -> Atoms:
    """Compute PBE and D3(BJ) labels of one structure.

    Parameters
    ----------
    atoms : Atoms
        The structure with ``config_type``, ``parent`` and ``sampling``.
    logfile : str, optional
        Where GPAW writes its text output.
    max_iterations : int
        Limit of SCF steps.

    Returns
    -------
    Atoms
        A copy without calculator that carries the labels.
    """
    from dftd3.ase import DFTD3  # noqa: PLC0415 - --dry-run needs neither
    from gpaw import GPAW, PW, FermiDirac  # noqa: PLC0415

    kpts = kpoint_grid(atoms)
    work = Atoms(
        numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True
    )
    work.calc = GPAW(
        mode=PW(CUTOFF),
        xc="PBE",
        kpts=kpts,
        occupations=FermiDirac(SMEARING),
        symmetry={"point_group": False},
        spinpol=False,
        convergence=dict(CONVERGENCE),
        maxiter=max_iterations,
        txt=logfile,
    )
    energy = float(work.get_potential_energy(force_consistent=True))
    forces = work.get_forces()
    analytic = work.get_stress(voigt=True)

    work.calc = DFTD3(method="PBE", damping="d3bj")
    d3_energy = float(work.get_potential_energy())
    d3_forces = work.get_forces()
    d3_stress = work.get_stress(voigt=True)

    work.calc = None
    info = atoms.info
    work.info = {
        "config_type": str(info["config_type"]),
        "sampling": str(info["sampling"]),
        "group_id": f"{info['parent']}/{info['sampling']}",
        "parent": str(info["parent"]),
        "REF_energy": energy,
        "REF_stress": analytic + stress_correction(work),
        "stress_fixed_planewaves": analytic,
        "kpts": np.array(kpts),
        "functional": "PBE",
        "code": (
            f"GPAW {version('gpaw')}, PW {CUTOFF:.0f} eV, "
            f"Fermi-Dirac {SMEARING} eV, gpaw-data {version('gpaw-data')}"
        ),
        "D3_energy": d3_energy,
        "D3_stress": d3_stress,
        "frame_hash": frame_hash(atoms),
    }
    work.arrays["REF_forces"] = forces
    work.arrays["D3_forces"] = d3_forces
    return work


def check(labelled: Atoms, max_force: float) -> None:
    """Refuse a label that cannot be right.

    Parameters
    ----------
    labelled : Atoms
        Result of `label`.
    max_force : float
        Largest force accepted on one atom [eV/A].

    Raises
    ------
    ValueError
        If a number is not finite or a force is beyond the limit.
    """
    numbers = [
        np.atleast_1d(labelled.info[key])
        for key in ("REF_energy", "REF_stress", "D3_energy", "D3_stress")
    ]
    numbers += [labelled.arrays[key].ravel() for key in ("REF_forces", "D3_forces")]
    if not np.isfinite(np.concatenate(numbers)).all():
        raise ValueError("a label is not finite")
    largest = float(np.linalg.norm(labelled.arrays["REF_forces"], axis=1).max())
    if largest > max_force:
        raise ValueError(f"force of {largest:.1f} eV/A beyond {max_force:.1f}")
