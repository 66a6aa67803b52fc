"""Pack runs as the example trajectories of lithophile, with a committee's judgement.

Each run folder becomes one H5MD file: every second frame, positions to 1e-3 A. The
largest force spread of a committee on each frame [eV/A] stands beside the energies
as ``max_force_spread_eV_per_A``. ``examples.json`` lists files and checksums.

Example
-------
    python example_trajectories.py runs/li300 runs/li400 --committee m1 m2 m3 \
        --out md/data
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import h5py
import numpy as np

from md.trajectory import export_trajectory, open_trajectory
from mlip import load_potential

OBSERVABLE = "max_force_spread_eV_per_A"
BATCH = 8


def largest_spreads(path: Path, committee: str) -> np.ndarray:
    """Return the largest force spread in each frame of a trajectory.

    Parameters
    ----------
    path : Path
        Trajectory.
    committee : str
        Name of a committee, ``committee:A,B,C``.

    Returns
    -------
    ndarray
        One number per frame [eV/A].
    """
    potential = load_potential(committee, dtype="float32")
    with open_trajectory(path) as trajectory:
        frames = [trajectory.atoms(index) for index in range(trajectory.n_frames)]
    found = []
    for start in range(0, len(frames), BATCH):
        spreads = potential.evaluate(frames[start : start + BATCH]).force_spreads
        if spreads is None:
            raise SystemExit(f"{committee} is one potential: name several")
        found += [float(spread.max()) for spread in spreads]
    return np.array(found)


def pack(run: Path, out: Path, committee: str) -> dict[str, object]:
    """Write one example and return its entry in the list.

    Parameters
    ----------
    run : Path
        Folder of a run.
    out : Path
        File to write.
    committee : str
        Name of a committee.

    Returns
    -------
    dict
        File, checksum and what it holds.
    """
    with open_trajectory(run) as trajectory:
        done = export_trajectory(
            trajectory,
            out,
            file_format="h5md",
            stride=2,
            resolution_A=1e-3,
            overwrite=True,
        )
    spreads = largest_spreads(out, committee)
    with h5py.File(out, "a") as handle:
        group = handle.create_group(f"observables/{OBSERVABLE}")
        for name in ("step", "time"):  # one clock for all observables
            group[name] = handle[f"observables/temperature_K/{name}"]
        group["value"] = spreads.astype("f4")
        group["value"].attrs["unit"] = "eV Angstrom-1"
    with open_trajectory(out) as trajectory:
        temperatures = trajectory.observables["temperature_K"]
        elements = trajectory.atoms(0).get_chemical_formula(mode="metal")
    return {
        "file": out.name,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        "formula": elements,
        "n_atoms": done.n_atoms,
        "n_frames": done.n_frames,
        "length_ps": done.last_ps,
        "frame_time_ps": done.frame_time_ps,
        "mean_temperature_K": round(float(np.mean(temperatures[20:])), 1),
        "median_max_force_spread_eV_per_A": round(float(np.median(spreads)), 4),
        "largest_max_force_spread_eV_per_A": round(float(spreads.max()), 4),
    }


def main() -> None:
    """Pack the runs that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--names", nargs="+", required=True)
    parser.add_argument("--committee", nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    committee = "committee:" + ",".join(options.committee)
    options.out.mkdir(parents=True, exist_ok=True)
    entries = {
        name: pack(run, options.out / f"{name}.h5", committee)
        for run, name in zip(options.runs, options.names, strict=True)
    }
    text = json.dumps(entries, indent=2) + "\n"
    (options.out / "examples.json").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
