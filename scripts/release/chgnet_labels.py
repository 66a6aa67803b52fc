"""CHGNet and D3(BJ) labels, kept apart, and an ASE calculator for their sum."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.units import Bohr, GPa, Hartree
from dftd3.interface import DispersionModel, RationalDampingParam
from pymatgen.io.ase import AseAtomsAdaptor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms
    from chgnet.model.model import CHGNet

VOIGT = [0, 4, 8, 5, 2, 1]
_DAMPING = RationalDampingParam(method="pbe", atm=False)


def d3_labels(atoms: Atoms) -> tuple[float, np.ndarray, np.ndarray]:
    """D3(BJ) correction for PBE without the three-body term.

    Parameters
    ----------
    atoms
        Periodic structure.

    Returns
    -------
    tuple
        Energy [eV], forces [eV/Å] and stress [eV/Å^3, ASE sign and Voigt order].
    """
    model = DispersionModel(
        atoms.numbers,
        atoms.positions / Bohr,
        np.asarray(atoms.cell) / Bohr,
        np.array(atoms.pbc),
    )
    result = model.get_dispersion(_DAMPING, grad=True)
    stress = result["virial"].ravel()[VOIGT] * Hartree / atoms.get_volume()
    forces = -result["gradient"] * Hartree / Bohr
    return float(result["energy"]) * Hartree, forces, stress


def chgnet_labels(
    model: CHGNet, frames: Sequence[Atoms], batch_size: int = 16
) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """CHGNet energy, forces and stress of several structures.

    CHGNet's stress is dE/dε/V in GPa (checked by finite differences), that is
    the ASE sign.

    Parameters
    ----------
    model
        Loaded CHGNet.
    frames
        Structures.
    batch_size
        Structures evaluated at once.

    Returns
    -------
    list of tuple
        Energy [eV], forces [eV/Å], stress [eV/Å^3, Voigt] for each structure.
    """
    structures = [AseAtomsAdaptor.get_structure(atoms) for atoms in frames]
    results = model.predict_structure(structures, task="efs", batch_size=batch_size)
    if isinstance(results, dict):
        results = [results]
    return [
        (
            float(r["e"]) * len(atoms),
            np.asarray(r["f"], dtype=float),
            np.asarray(r["s"], dtype=float).ravel()[VOIGT] * GPa,
        )
        for atoms, r in zip(frames, results, strict=True)
    ]


def attach_labels(
    atoms: Atoms,
    reference: tuple[float, np.ndarray, np.ndarray],
    dispersion: tuple[float, np.ndarray, np.ndarray],
    version: str,
) -> Atoms:
    """Copy of a structure that carries both levels and no calculator."""
    labelled = atoms.copy()
    labelled.arrays.pop("momenta", None)
    for prefix, (energy, forces, stress) in (("REF", reference), ("D3", dispersion)):
        labelled.info[f"{prefix}_energy"] = float(energy)
        labelled.info[f"{prefix}_stress"] = np.asarray(stress)
        labelled.arrays[f"{prefix}_forces"] = np.asarray(forces)
    labelled.info["functional"] = f"CHGNet-{version}"
    labelled.info["code"] = f"chgnet {importlib.metadata.version('chgnet')}"
    return labelled


class ChgnetD3(Calculator):
    """Sum of CHGNet and D3(BJ) for molecular dynamics and relaxation.

    Parameters
    ----------
    model
        Loaded CHGNet.
    """

    implemented_properties = ("energy", "forces", "stress")

    def __init__(self, model: CHGNet) -> None:
        super().__init__()
        self.model = model

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] | None = None,
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Evaluate energy and forces, and the stress when it is asked for."""
        super().calculate(atoms, properties, system_changes)
        task = "efs" if "stress" in (properties or ()) else "ef"
        structure = AseAtomsAdaptor.get_structure(self.atoms)
        result = self.model.predict_structure(structure, task=task)
        energy, forces, stress = d3_labels(self.atoms)
        self.results["energy"] = float(result["e"]) * len(self.atoms) + energy
        self.results["forces"] = np.asarray(result["f"], dtype=float) + forces
        if task == "efs":
            chgnet_stress = np.asarray(result["s"], dtype=float).ravel()[VOIGT]
            self.results["stress"] = chgnet_stress * GPa + stress
