"""Diffusivity by kinisi, in an environment that has it: npz in, one JSON line out."""

import json
import sys
import time

import numpy as np
import scipp as sc
from ase import Atoms
from kinisi.analyze import DiffusionAnalyzer


def main() -> None:
    """Read positions, symbols, cell and times; print D (cm²/s) and its interval."""
    data = np.load(sys.argv[1])
    frames = [
        Atoms(data["numbers"], positions, cell=data["cell"], pbc=True)
        for positions in data["positions"]
    ]
    start = time.process_time()
    analyzer = DiffusionAnalyzer.from_ase(
        frames,
        specie=str(data["species"]),
        time_step=float(data["frame_time_ps"]) * sc.Unit("ps"),
        step_skip=1 * sc.units.dimensionless,
        dt=sc.array(dims=["time interval"], values=data["lags_ps"], unit="ps"),
        progress=False,
    )
    analyzer.diffusion(float(data["lags_ps"][0]) * sc.Unit("ps"), progress=False)
    found = sc.to_unit(analyzer.D, "cm2/s").values
    low, middle, high = np.percentile(found, [2.5, 50, 97.5])
    print(
        json.dumps(
            {
                "diffusivity_cm2_per_s": middle,
                "diffusivity_interval_cm2_per_s": [low, high],
                "seconds": time.process_time() - start,
            }
        )
    )


if __name__ == "__main__":
    main()
