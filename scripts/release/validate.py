"""Checks of a potential against plane-wave labels, phase by phase.

Three parts, each alone or together; each writes its own block of OUT/result.json:

bulk      relaxes every phase; lattice parameters beside the minimum of the labels'
          own energy-volume curve; layer spacing; reaction energies. The relaxed
          structures go to OUT/relaxed.extxyz, a pool for label_gpaw.py; labels of
          them (--labels) give the same reactions with the reference method.
layers    energy against layer spacing, beside the shipped scans.
nve       drift of the total energy at constant energy.

Example
-------
    python scripts/release/validate.py --model li-zr-cl --out validation
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import read, write

from mlip import load_potential
from mlip.potential import Potential
from structures import build_prototype, relax
from training_data import Dataset, load_shipped, read_dataset

LEVEL = "PBE-D3(BJ)"
KPTS = {
    "Li-bcc": (10, 10, 10),
    "LiCl": (4, 4, 4),
    "ZrCl4": (2, 2, 4),
    "Zr": (10, 10, 6),
    "Li2ZrCl6": (4, 4, 4),
}
REACTIONS = {
    "2 LiCl + ZrCl4 -> Li2ZrCl6": {"LiCl": -2, "ZrCl4": -1, "Li2ZrCl6": 1},
    "4 Li + Li2ZrCl6 -> 6 LiCl + Zr": {
        "Li-bcc": -4,
        "Li2ZrCl6": -1,
        "LiCl": 6,
        "Zr": 1,
    },
}
UNIT = {"Li-bcc": "Li", "LiCl": "Cl", "ZrCl4": "Zr", "Zr": "Zr", "Li2ZrCl6": "Zr"}


def energy_per_unit(name: str, atoms: Atoms, energy: float) -> float:
    """Energy (eV) per formula unit, counted by the element that occurs once in it."""
    return energy / atoms.symbols.count(UNIT[name])


def layer_spacing(atoms: Atoms) -> float:
    """Height (Å) of the cell over the plane of a and b: one layer in the cell."""
    a, b, _ = atoms.cell.array
    return float(atoms.get_volume() / np.linalg.norm(np.cross(a, b)))


def label_minimum(dataset: Dataset, parent: str) -> float:
    """Volume per atom (Å³) at the minimum of isotropically scaled labels."""
    volumes, energies = [], []
    for frame in dataset.frames:
        if frame.info["parent"] == parent and frame.info["sampling"] in {
            "relaxed",
            "volume",
        }:
            volumes.append(frame.get_volume() / len(frame))
            energies.append(frame.info["REF_energy"] / len(frame))
    # third-order Birch-Murnaghan: a cubic in V^(-2/3)
    curve = np.polynomial.Polynomial.fit(np.array(volumes) ** (-2 / 3), energies, 3)
    roots = curve.deriv().roots()
    minimum = next(r.real for r in roots if curve.deriv(2)(r.real) > 0)
    return float(minimum ** (-3 / 2))


def check_bulk(potential: Potential, out: Path, labels: Path | None) -> dict[str, Any]:
    """Relaxed phases, their lattice parameters and the two reactions."""
    names = list(UNIT)
    relaxed = relax(
        [build_prototype(name) for name in names],
        potential,
        cell="full",
        fmax_eV_per_A=0.005,
        max_steps=800,
    )
    dataset = load_shipped(level=LEVEL)
    pool, energies = [], {}
    result: dict[str, Any] = {"phases": {}}
    for name, one in zip(names, relaxed, strict=True):
        atoms = one.atoms.copy()
        energies[name] = energy_per_unit(name, atoms, one.energy_eV)
        result["phases"][name] = one.to_json() | {
            "volume_A3_per_atom": atoms.get_volume() / len(atoms),
            "cell_A": atoms.cell.lengths().round(4).tolist(),
            "cell_angles_deg": atoms.cell.angles().round(2).tolist(),
        }
        atoms.info = {
            "config_type": "validation",
            "parent": f"validation-{name}",
            "sampling": "relaxed",
            "kpts": np.array(KPTS[name]),
        }
        pool.append(atoms)
    write(out / "relaxed.extxyz", pool, format="extxyz")
    for name, parent in {"Li-bcc": "Li-bcc", "LiCl": "LiCl"}.items():
        own = result["phases"][name]["volume_A3_per_atom"]
        reference = label_minimum(dataset, parent)
        result["phases"][name]["lattice_parameter_error_percent"] = 100 * (
            (own / reference) ** (1 / 3) - 1
        )
    result["phases"]["Li2ZrCl6"]["layer_spacing_A"] = layer_spacing(pool[-1])
    result["reactions_eV"] = {
        text: {"potential": sum(n * energies[name] for name, n in terms.items())}
        for text, terms in REACTIONS.items()
    }
    if labels is not None:
        reference_energies = {
            str(frame.info["parent"]).removeprefix("validation-"): frame
            for frame in read_dataset(labels, level=LEVEL)
        }
        for text, terms in REACTIONS.items():
            result["reactions_eV"][text]["labels_same_structures"] = sum(
                n
                * energy_per_unit(
                    name,
                    reference_energies[name],
                    reference_energies[name].info["REF_energy"],
                )
                for name, n in terms.items()
            )
    return result


def check_layers(potential: Potential) -> dict[str, Any]:
    """Energy against layer spacing beside the shipped scans, polymorph by polymorph."""
    labels = load_shipped(level=LEVEL)
    scans = labels.where(
        lambda f: f.info["sampling"] in {"layer-scan", "isolated-layer"}
    )
    result = {}
    for parent in sorted(set(scans.parents)):
        dataset = scans.where(lambda f, parent=parent: f.info["parent"] == parent)
        spacing = np.array([layer_spacing(f) for f in dataset.frames])
        per_atom = np.array([len(f) for f in dataset.frames])
        own = 1000 * potential.evaluate(list(dataset)).energies / per_atom
        reference = 1000 * dataset.energies / per_atom
        window = (spacing > 5.15) & (spacing < 9.05)
        error = own - reference
        relative = (own - own[window].min()) - (reference - reference[window].min())
        result[parent] = {
            "spacing_A": spacing.round(3).tolist(),
            "labels_meV_per_atom": reference.round(2).tolist(),
            "potential_meV_per_atom": own.round(2).tolist(),
            "largest_error_5p2_to_9_A_meV_per_atom": float(abs(error[window]).max()),
            "largest_error_from_minimum_meV_per_atom": float(
                abs(relative[window]).max()
            ),
        }
    return result


def check_nve(potential: Potential, out: Path, structure: Path) -> dict[str, Any]:
    """Drift of the total energy over 5 ps at 300 K, one femtosecond a step."""
    from md.dynamics import DynamicsConfig, simulate  # noqa: PLC0415

    atoms = read(structure)
    config = DynamicsConfig(
        ensemble="nve",
        temperature_K=300,
        timestep_fs=1.0,
        n_steps=5000,
        every=25,
        seed=1,
    )
    run = simulate(atoms, potential, config, out=out / "nve", resume=True)
    table = np.genfromtxt(out / "nve" / "log.csv", delimiter=",", names=True)
    total = table["total_energy_eV"] / len(atoms) * 1000
    slope = np.polyfit(table["time_ps"], total, 1)[0]
    return {
        "n_atoms": len(atoms),
        "n_steps": run.n_steps,
        "final_temperature_K": run.final_temperature_K,
        "drift_meV_per_atom_over_5_ps": float(abs(slope) * 5),
        "largest_change_meV_per_atom": float(np.ptp(total)),
    }


def main() -> None:
    """Run the wanted parts and merge their numbers into OUT/result.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="li-zr-cl")
    parser.add_argument("--dtype", default="float64")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", default=["bulk", "layers", "nve"])
    parser.add_argument("--labels", type=Path, help="labels of OUT/relaxed.extxyz")
    parser.add_argument("--structure", type=Path, help="start of the NVE run")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    potential = load_potential(arguments.model, dtype=arguments.dtype)
    target = arguments.out / "result.json"
    result = json.loads(target.read_text()) if target.exists() else {}
    if "bulk" in arguments.parts:
        result["bulk"] = check_bulk(potential, arguments.out, arguments.labels)
    if "layers" in arguments.parts:
        result["layers"] = check_layers(potential)
    if "nve" in arguments.parts:
        result["nve"] = check_nve(potential, arguments.out, arguments.structure)
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
