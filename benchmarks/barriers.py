"""Elastic bands of several hops: one batch against ASE's NEB one by one.

The same potential, ends, number of images and largest force for both, on the vacancy
hops of Li2ZrCl6. Both start from the image-dependent pair potential and climb. ASE
asks ``potential.calculator()``, one for each image, and moves the band with FIRE.
"""

import argparse
import sys
import time

from ase import Atoms
from ase.mep import NEB
from ase.optimize import FIRE

from mlip import load_potential, use_threads
from mlip.potential import Potential
from structures.hop_ends import hop_ends, supercell_repeats
from structures.hops import distinct_hops
from structures.nudged_elastic_band import minimum_energy_paths
from structures.prototypes import build_prototype
from structures.relaxation import relax

FMAX_eV_per_A = 0.05
MAX_STEPS = 300
LONGEST_HOP_A = 4.0

Ends = list[tuple[Atoms, Atoms]]


def build_ends(potential: Potential, *, smallest_height_A: float) -> Ends:
    """Return relaxed ends of the distinct vacancy hops."""
    host = relax(
        build_prototype("Li2ZrCl6"), potential, cell="full", fmax_eV_per_A=0.01
    ).atoms
    chosen = [atom.index for atom in host if atom.symbol == "Li"]
    sites = host.get_scaled_positions()[chosen]
    repeats = supercell_repeats(host, smallest_height_A=smallest_height_A)
    pairs = [
        hop_ends(
            host,
            hop,
            species="Li",
            scaled_sites=sites,
            repeats=repeats,
            mechanism="vacancy",
        )
        for hop in distinct_hops(host, sites, cutoff_A=LONGEST_HOP_A, tolerance_A=0.05)
    ]
    flat = [atoms for pair in pairs for atoms in pair]
    relaxed = relax(flat, potential, fmax_eV_per_A=FMAX_eV_per_A / 2)
    atoms = [found.atoms for found in relaxed]
    return list(zip(atoms[::2], atoms[1::2], strict=True))


def by_ase(
    ends: Ends, potential: Potential, *, n_images: int
) -> list[tuple[float, int, bool]]:
    """Return barrier, evaluations and convergence of ASE's band for every hop."""
    found = []
    for first, last in ends:
        images = [first.copy() for _ in range(n_images + 1)] + [last.copy()]
        for image in images:
            image.calc = potential.calculator()
        band = NEB(images, climb=True, k=0.1, method="improvedtangent")
        band.interpolate("idpp", mic=True)
        optimizer = FIRE(band, logfile=None)
        converged = optimizer.run(fmax=FMAX_eV_per_A, steps=MAX_STEPS)
        energies = [image.get_potential_energy() for image in images]
        evaluations = optimizer.nsteps * n_images
        found.append((max(energies) - energies[0], evaluations, converged))
    return found


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5)
    parser.add_argument("--height", type=float, default=6.0, help="Å")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--model", default="li-zr-cl")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    use_threads(options.threads)
    potential = load_potential(options.model, device=options.device)
    ends = build_ends(potential, smallest_height_A=options.height)
    begin = time.perf_counter()
    paths = minimum_energy_paths(
        ends,
        potential,
        n_images=options.images,
        fmax_eV_per_A=FMAX_eV_per_A,
        max_steps=MAX_STEPS,
    )
    batch = time.perf_counter() - begin
    begin = time.perf_counter()
    single = by_ase(ends, potential, n_images=options.images)
    ase = time.perf_counter() - begin
    ours = sum(path.n_steps + 1 for path in paths) * options.images
    worst = max(
        abs(path.barrier_eV - barrier)
        for path, (barrier, _, _) in zip(paths, single, strict=True)
    )
    print(
        f"barriers, {potential.name}, {len(ends)} hops of {len(ends[0][0])} atoms, "
        f"{options.images} images, {options.threads} thread(s), {options.device}: "
        f"{batch:.1f} s in one batch, {ase:.1f} s by ASE's NEB with FIRE one by one, "
        f"ratio {ase / batch:.1f}; evaluations {ours} and "
        f"{sum(n for _, n, _ in single)}; converged "
        f"{sum(path.converged for path in paths)} and "
        f"{sum(done for _, _, done in single)}; barriers differ by up to "
        f"{1000 * worst:.1f} meV",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
