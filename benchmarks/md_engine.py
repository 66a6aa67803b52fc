"""Speed of a whole run against ASE's dynamics with mace-torch's own calculator.

Same network, precision, threads, time step and thermostat on both sides, on the
Li | Li2ZrCl6 interface. Measured are

- one step of ``md.dynamics`` with its guards, as ``lithophile md`` takes it, and one
  of ASE's ``Langevin`` with ``MACECalculator``;
- the bare energy and gradient of our function, all tensors prepared: what
  neighbour list, integrator and guards add to it;
- what the session adds alone: list of pairs, vectors, layout, copies.

The calls alternate and medians are taken. On one thread the time is the processor
time of the process, which other programs on the machine touch little; on several
it is the wall clock. On a GPU it is the wall clock after synchronisation.
"""

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch  # noqa: TID253 (the benchmark is about it)
from ase import Atoms, units
from ase.md.langevin import Langevin

from md.dynamics import DynamicsConfig
from md.dynamics.motion import Motion
from mlip import Potential, load_potential, use_threads, with_engine
from mlip.mace_graph import EdgeTable, pair_tensors
from mlip.mace_potential import MacePotential
from mlip.mace_session import differentiate
from mlip.neighbour_list import find_pairs
from mlip.pair_list import PairList
from structures.interface import build_interface
from structures.prototypes import build_prototype

SHAPES = {"small": (1, 1, 1), "middle": (3, 1, 1), "large": (3, 3, 1)}
REPEATS = {"small": 25, "middle": 13, "large": 7}
TARGETS = {"over ASE": 1.05, "over bare": 1.05}
FRICTION_PER_PS = 2.0


def build_atoms(shape: str) -> Atoms:
    """Return the interface of the paper, repeated in its plane."""
    built = build_interface(build_prototype("Li2ZrCl6"), build_prototype("Li-fcc"))
    atoms = built.atoms.repeat(SHAPES[shape])
    atoms.set_constraint()
    return Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)


def our_step(potential: Potential, atoms: Atoms) -> Callable[[], object]:
    """Return a step of our dynamics and the look at the guards."""
    config = DynamicsConfig(
        temperature_K=300, friction_per_ps=FRICTION_PER_PS, n_steps=10_000
    )
    motion = Motion(atoms, potential, config)
    motion.start()

    def step() -> object:
        motion.advance()
        return motion.check()

    return step


def ase_step(
    network: torch.nn.Module, atoms: Atoms, *, dtype: str, device: str
) -> Callable[[], object]:
    """Return a step of ASE's Langevin dynamics with mace-torch's calculator."""
    with warnings.catch_warnings(action="ignore"):
        from mace.calculators import MACECalculator  # noqa: PLC0415 (warns)

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.model"
            torch.save(network, path)
            calculator = MACECalculator(
                model_paths=str(path), device=device, default_dtype=dtype
            )
    moving = atoms.copy()
    moving.calc = calculator
    rng = np.random.default_rng(0)
    width = np.sqrt(units.kB * 300 * moving.get_masses())
    moving.set_momenta(rng.normal(size=(len(moving), 3)) * width[:, None])
    dynamics = Langevin(
        moving,
        units.fs,
        temperature_K=300,
        friction=FRICTION_PER_PS / (1e3 * units.fs),
        fixcm=False,
        rng=rng,
    )
    return lambda: dynamics.run(1)


def bare_call(potential: MacePotential, atoms: Atoms) -> Callable[[], object]:
    """Return energy and gradient on prepared tensors."""
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
        device=potential.device,
    )
    return lambda: differentiate(
        potential.function, vectors, first, second, nodes, layout
    )


def bookkeeping(potential: MacePotential, atoms: Atoms) -> Callable[[], object]:
    """Return what happens in a session beside the network, atoms moving a little."""
    pairs = PairList(
        potential.nodes([atoms]),
        atoms.pbc,
        cutoff=potential.cutoff_A,
        device=potential.device,
    )
    rng = np.random.default_rng(0)
    positions = atoms.positions.copy()

    def call() -> object:
        positions[:] += rng.normal(scale=0.003, size=positions.shape)
        return pairs.layout(pairs.near(positions, atoms.cell.array))

    return call


def measure(
    calls: dict[str, Callable[[], object]], *, repeats: int, clock: Callable[[], float]
) -> dict[str, float]:
    """Return the median seconds of each call."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for repeat in range(repeats + 2):
        for name, call in calls.items():
            start = clock()
            call()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if repeat > 1:
                seconds[name].append(clock() - start)
    return {name: float(np.median(values)) for name, values in seconds.items()}


def main() -> None:
    """Print one line per precision and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--model", default="li-zr-cl")
    parser.add_argument("--sizes", nargs="+", default=list(SHAPES), choices=SHAPES)
    parser.add_argument(
        "--dtypes", nargs="+", default=["float32", "float64"], help="precisions"
    )
    options = parser.parse_args()
    threads = use_threads(options.threads)
    alone = threads == 1 and options.device == "cpu"
    clock = time.process_time if alone else time.perf_counter
    for dtype in options.dtypes:
        loaded = load_potential(options.model, dtype=dtype, device=options.device)
        network = getattr(loaded, "base", loaded)
        potential = with_engine(network, engine=options.engine)
        for size in options.sizes:
            atoms = build_atoms(size)
            calls = {
                "ours": our_step(potential, atoms),
                "ase": ase_step(
                    network.model, atoms, dtype=dtype, device=options.device
                ),
            }
            if isinstance(potential, MacePotential):
                calls["bare"] = bare_call(potential, atoms)
                calls["lists"] = bookkeeping(potential, atoms)
            found = measure(calls, repeats=REPEATS[size], clock=clock)
            told = (
                f"md engine, {network.name}, {dtype}, {options.device}, "
                f"{threads} thread(s), {len(atoms)} atoms: "
                f"{1e3 * found['ours']:.1f} ms a step, ASE with MACECalculator "
                f"{1e3 * found['ase']:.1f} ms: {found['ase'] / found['ours']:.2f} "
                f"times as fast (target {TARGETS['over ASE']:.2f})"
            )
            if "bare" in found:
                told += (
                    f"; over the bare call ({1e3 * found['bare']:.1f} ms) "
                    f"{found['ours'] / found['bare']:.3f} "
                    f"(target {TARGETS['over bare']:.2f}), "
                    f"lists {1e3 * found['lists']:.1f} ms"
                )
            print(told, flush=True)


if __name__ == "__main__":
    sys.exit(main())
