"""Time of an MD step over the bare time of the network's own call.

Two bare calls are measured on the same frame, with all tensors prepared:
``network`` is energy and gradient of the function that the session uses, so that
the ratio shows what neighbour list, bookkeeping, ASE and the integrator add;
``mace-torch`` is its own ``model(batch, compute_force=True)``. The steps and the
calls alternate, so that a busy machine slows all of them alike. With dispersion at
run time the whole step (network and D3, side by side on two threads) is measured
over the sum of the two bare calls, and D3 alone is given.
"""

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
import torch  # noqa: TID253 (the benchmark is about it)
from ase import Atoms, units
from ase.md.langevin import Langevin

from mlip import available_models, load_potential, use_threads
from mlip.dispersion_potential import CUTOFF_A, DispersionPotential
from mlip.mace_graph import EdgeTable, pair_tensors
from mlip.mace_model import build_mace, describe_architecture
from mlip.mace_potential import MacePotential
from mlip.mace_session import pair_gradient
from mlip.neighbour_list import find_pairs
from mlip.potential import Potential
from mlip.training_config import ArchitectureConfig
from mlip.weights import DTYPES, default_dtype
from structures.prototypes import build_prototype
from training_data import dispersion

CELLS = {"216": (4, 3, 2), "1008": (4, 7, 4)}
TARGET = 1.10


def load_network(dtype: str) -> MacePotential:
    """Return the released network, or one of its shape with random weights."""
    if any(entry.default for entry in available_models()):
        potential = load_potential(dtype=dtype)
        return getattr(potential, "base", potential)
    torch.manual_seed(0)
    with default_dtype(DTYPES[dtype]):
        model = build_mace(
            describe_architecture(
                ArchitectureConfig(),
                reference_energies_eV={"Li": -1.9, "Cl": -1.8, "Zr": -8.5},
                average_neighbours=30.0,
                force_scale_eV_per_A=0.01,
            )
        )
    return MacePotential(model, name="random weights", level="none")


def bare_network(potential: MacePotential, atoms: Atoms) -> Callable[[], object]:
    """Return energy and gradient of the session's function on prepared tensors."""
    nodes = potential.nodes([atoms])
    pairs = find_pairs(
        atoms.positions, atoms.cell.array, atoms.pbc, cutoff=potential.cutoff_A
    )
    first, second = pair_tensors(
        [pairs], nodes, n_atoms=[len(atoms)], device=potential.device
    )
    layout = EdgeTable(first, second, n_atoms=len(atoms)).layout()
    vectors = torch.as_tensor(
        atoms.positions[pairs.second]
        - atoms.positions[pairs.first]
        + pairs.shifts @ atoms.cell.array,
        dtype=potential.dtype,
    )
    return lambda: pair_gradient(
        potential.function, vectors, first, second, nodes, layout
    )


def bare_mace(potential: MacePotential, atoms: Atoms) -> Callable[[], object]:
    """Return mace-torch's own forward and backward call on a prepared batch."""
    nodes = potential.nodes([atoms])
    pairs = find_pairs(
        atoms.positions, atoms.cell.array, atoms.pbc, cutoff=potential.cutoff_A
    )
    first, second = pair_tensors(
        [pairs], nodes, n_atoms=[len(atoms)], device=potential.device
    )
    shifts = torch.as_tensor(pairs.shifts @ atoms.cell.array, dtype=potential.dtype)
    batch = {
        "positions": torch.as_tensor(
            atoms.positions[nodes.order], dtype=potential.dtype
        ),
        "cell": torch.as_tensor(atoms.cell.array, dtype=potential.dtype),
        "node_attrs": nodes.one_hot,
        "edge_index": torch.stack(
            [torch.cat([first, second]), torch.cat([second, first])]
        ),
        "shifts": torch.cat([shifts, -shifts]),
        "batch": nodes.structure,
        "ptr": torch.tensor([0, len(atoms)]),
    }

    def call() -> object:
        inputs = {**batch, "positions": batch["positions"].detach().clone()}
        with default_dtype(potential.dtype):
            return potential.model(inputs, compute_force=True)

    return call


def build_step(potential: Potential, atoms: Atoms) -> Callable[[], object]:
    """Return one Langevin step of ASE with a potential's calculator."""
    rng = np.random.default_rng(1)
    moving = atoms.copy()
    width = np.sqrt(units.kB * 300 * moving.get_masses())
    moving.set_momenta(rng.normal(size=(len(moving), 3)) * width[:, None])
    moving.calc = potential.calculator()
    dynamics = Langevin(
        moving,
        units.fs,
        temperature_K=300,
        friction=0.01 / units.fs,
        fixcm=False,
        rng=rng,
    )
    return lambda: dynamics.run(1)


def measure(
    potential: MacePotential, atoms: Atoms, *, repeats: int
) -> dict[str, float]:
    """Return median seconds of MD steps and of the bare calls."""
    calls: dict[str, Callable[[], object]] = {
        "step": build_step(potential, atoms),
        "step with D3": build_step(DispersionPotential(potential), atoms),
        "network": bare_network(potential, atoms),
        "D3": lambda: dispersion(atoms, cutoff_A=CUTOFF_A),
        "mace-torch": bare_mace(potential, atoms),
    }
    for call in calls.values():
        for _ in range(3):
            call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return {name: float(np.median(values)) for name, values in seconds.items()}


def main() -> None:
    """Print one line per precision and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    threads = use_threads(options.threads)
    for dtype in ("float32", "float64"):
        potential = load_network(dtype)
        for name, cell in CELLS.items():
            atoms = build_prototype("Li2ZrCl6").repeat(cell)
            atoms.rattle(0.05, seed=0)
            found = measure(potential, atoms, repeats=options.repeats)
            print(
                f"md step, {potential.name}, {dtype}, {threads} thread(s), "
                f"{name} atoms: {1e3 * found['step']:.1f} ms; over the network's own "
                f"call {found['step'] / found['network']:.3f} (target {TARGET:.2f}); "
                f"over mace-torch's call {found['step'] / found['mace-torch']:.3f}; "
                f"with D3 {1e3 * found['step with D3']:.1f} ms, over both bare calls "
                f"{found['step with D3'] / (found['network'] + found['D3']):.3f} "
                f"(D3 alone {1e3 * found['D3']:.1f} ms)"
            )


if __name__ == "__main__":
    sys.exit(main())
