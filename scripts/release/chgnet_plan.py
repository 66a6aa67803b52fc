"""Which Li-Zr-Cl structures and trajectories are sampled, and how many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ase.build import bulk
from chgnet_parents import close_packed, licl_111
from chgnet_structures import (
    NORMAL_DISTANCE,
    Sample,
    along_layers,
    inserted,
    largest_gap,
    layer_spacing,
    li_on_layer,
    li_on_licl,
    open_layers,
    packing,
    pushed_pair,
    rattled,
    removed,
    scaled_volume,
    strained,
    substituted,
    swapped,
    upright_layer,
    with_vacuum,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ase import Atoms

MIXTURES = (
    {"Li": 12, "Cl": 12, "Zr": 2},
    {"Li": 18, "Cl": 18, "Zr": 3},
    {"Li": 24, "Cl": 6, "Zr": 1},
    {"Li": 20, "Cl": 12, "Zr": 4},
    {"Li": 16, "Cl": 8, "Zr": 8},
    {"Li": 10, "Cl": 12, "Zr": 2},
    {"Li": 6, "Cl": 14, "Zr": 4},
    {"Li": 8, "Cl": 12, "Zr": 1},
    {"Li": 30, "Cl": 10, "Zr": 2},
    {"Li": 14, "Cl": 14},
    {"Zr": 6, "Cl": 18},
    {"Li": 24, "Zr": 8},
)


def parents_from_file(frames: Iterable[Atoms]) -> list[Sample]:
    """Choose the frame of lowest energy of each parent as its representative."""
    best: dict[str, tuple[float, Atoms]] = {}
    for atoms in frames:
        energy = (atoms.info["REF_energy"] + atoms.info["D3_energy"]) / len(atoms)
        name = atoms.info["parent"]
        if name not in best or energy < best[name][0]:
            best[name] = (energy, atoms)
    samples = []
    for name, (_, atoms) in best.items():
        kind = atoms.info["config_type"]
        layered = kind == "Li2ZrCl6" and len(atoms) < 12
        chosen = along_layers(atoms) if layered else atoms
        samples.append(Sample(chosen, kind, name))
    return samples


def variants(
    base: Sample, rng: np.random.Generator, counts: Sequence[int], wide: float = 0.15
) -> Iterator[Sample]:
    """Volume scan, strained and rattled copies of a parent.

    Parameters
    ----------
    base
        Parent structure.
    rng
        Random numbers.
    counts
        Number of volumes, strained cells and rattled cells.
    wide
        Half width of the volume scan as a fraction.
    """
    for factor in np.linspace(1 - wide, 1 + wide, counts[0]):
        scaled = scaled_volume(base.atoms, factor)
        yield base.child(rattled(scaled, rng, 0.01), "volume")
    for _ in range(counts[1]):
        cell = strained(base.atoms, rng, 0.06)
        yield base.child(rattled(cell, rng, 0.04), "strain")
    for _ in range(counts[2]):
        cell = strained(base.atoms, rng, 0.025)
        yield base.child(rattled(cell, rng, rng.uniform(0.05, 0.3)), "rattle")


def compressed(base: Sample, rng: np.random.Generator, count: int) -> Iterator[Sample]:
    """Cells compressed to 70-85 % of their volume."""
    for factor in np.linspace(0.7, 0.85, count):
        cell = rattled(scaled_volume(base.atoms, factor), rng, 0.03)
        yield base.child(cell, "compressed")


def slabs(base: Sample, rng: np.random.Generator, count: int) -> Iterator[Sample]:
    """Free surfaces of a crystal, normal to each of its axes in turn."""
    for i in range(count):
        slab = with_vacuum(base.atoms, rng.uniform(2.5, 10.0), axis=2 - i % 3)
        yield base.child(rattled(slab, rng, rng.uniform(0.03, 0.15)), "slab")


def vacancies(
    base: Sample,
    rng: np.random.Generator,
    choices: Iterable[Mapping[str, int]],
    sigma: float = 0.08,
) -> Iterator[Sample]:
    """Cells with the given numbers of atoms removed."""
    for counts in choices:
        cell = strained(removed(base.atoms, rng, counts), rng, 0.02)
        yield base.child(rattled(cell, rng, sigma), "vacancy")


def layer_scan(base: Sample, rng: np.random.Generator, count: int) -> Iterator[Sample]:
    """Layer spacings of 5.0-9.5 Å, rigid, shifted sideways and rattled."""
    now = layer_spacing(base.atoms)
    for i, spacing in enumerate(np.linspace(5.0, 9.5, count)):
        slide = rng.uniform(0, 1, 2) if i % 3 == 2 else None
        cell = open_layers(base.atoms, spacing - now, slide)
        name = ("layers-rigid", "layers-rattled", "layers-slid")[i % 3]
        yield base.child(rattled(cell, rng, 0.1) if i % 3 else cell, name)
    for vacuum in (8.0, 14.0):
        cell = open_layers(base.atoms, vacuum)
        yield base.child(rattled(cell, rng, 0.08), "layer-in-vacuum")


def halide_defects(
    base: Sample, rng: np.random.Generator, count: int
) -> Iterator[Sample]:
    """Vacancies, antisites, inserted Li and missing Cl of Li2ZrCl6."""
    small = len(base.atoms) < 12
    for i in range(count):
        repeat = (2, 1, 1) if i % 2 else (1, 2, 1)
        cell = base.atoms.repeat(repeat) if small else base.atoms.copy()
        n_zr = list(cell.symbols).count("Zr")
        loose = scaled_volume(cell, 1.06)
        options = (
            ("vacancy", lambda c: removed(c, rng, {"Li": 1})),
            ("antisite", lambda c: swapped(c, rng, "Li", "Zr")),
            ("extra-Li", lambda _, n=n_zr, c=loose: inserted(c, rng, "Li", n)),
            ("extra-Li", lambda _, n=n_zr, c=loose: inserted(c, rng, "Li", 2 * n)),
            ("Cl-poor", lambda c: removed(c, rng, {"Cl": 1, "Li": 1})),
            ("Cl-poor", lambda c, n=n_zr: removed(c, rng, {"Cl": 2 * n})),
        )
        name, make = options[i % len(options)]
        yield base.child(rattled(make(cell), rng, rng.uniform(0.03, 0.12)), name)


def alloys(rng: np.random.Generator, count: int) -> list[Sample]:
    """Zr atoms and small Zr clusters in bcc and fcc Li."""
    bcc = bulk("Li", "bcc", a=3.4, cubic=True)
    hosts = (bcc.repeat(2), bcc.repeat((3, 3, 2)), close_packed("Li", 3.03, "ABC"))
    samples = []
    for i in range(count):
        host = hosts[i % 3] if i % 3 < 2 else hosts[2].repeat((3, 3, 1))
        if i % 5 == 4:
            cell, name = inserted(host, rng, "Zr", 1), "interstitial"
        else:
            number = 1 + i % 4
            cell = substituted(host, rng, "Li", "Zr", number)
            name = f"Zr{number}"
        cell = rattled(strained(cell, rng, 0.03), rng, rng.uniform(0.03, 0.2))
        samples.append(Sample(cell, "Zr-in-Li", f"Zr-in-Li-{name}", "rattle"))
    return samples


def clusters_in_licl(rng: np.random.Generator, count: int) -> list[Sample]:
    """LiCl cells with a few formula units replaced by Zr and some Li."""
    rock = bulk("LiCl", "rocksalt", a=5.12, cubic=True).repeat((2, 2, 1))
    samples = []
    for i in range(count):
        number = 2 + i % 3
        cell = substituted(rock, rng, "Cl", "Zr", number)
        cell = removed(cell, rng, {"Cl": 1 + i % 2, "Li": i % 2})
        cell = rattled(scaled_volume(cell, 1.05), rng, 0.08)
        samples.append(Sample(cell, "mixture", f"Zr{number}-in-LiCl", "start"))
    return samples


def own_interfaces(
    layers: Sequence[Sample], rng: np.random.Generator, count: int
) -> list[Sample]:
    """Stacks of Li2ZrCl6 layers and Li sheets, 25-84 atoms."""
    shapes = [((1, 1), 4), ((2, 1), 3), ((1, 2), 4), ((1, 1), 6), ((2, 2), 2)]
    shapes += [((1, 1), 5), ((2, 1), 5), ((1, 1), 8), ((2, 2), 3)]
    samples = []
    for i in range(count):
        layer = layers[i % len(layers)]
        repeat, n_li = shapes[i % len(shapes)]
        gap, top = rng.uniform(1.8, 3.5, 2)
        if i % 7 == 6:
            top = 9.0
        flat = upright_layer(layer.atoms)
        atoms = li_on_layer(flat, repeat, n_li, gap, top)
        name = f"Li-{layer.parent}-{repeat[0]}{repeat[1]}-{n_li}"
        samples.append(Sample(rattled(atoms, rng, 0.05), "interface", name, "gap-scan"))
    return samples


def licl_interfaces(rng: np.random.Generator, count: int) -> list[Sample]:
    """Stacks of LiCl(001) and bcc Li(001), 20-56 atoms."""
    shapes = [(3, 4, (1, 1)), (4, 6, (1, 1)), (2, 4, (2, 1)), (3, 4, (2, 1))]
    samples = []
    for i in range(count):
        n_licl, n_li, repeat = shapes[i % len(shapes)]
        atoms = li_on_licl(n_licl, n_li, rng.uniform(1.8, 3.5), repeat)
        name = f"Li-LiCl-{n_licl}-{n_li}-{repeat[0]}"
        samples.append(
            Sample(rattled(atoms, rng, 0.05), "LiCl-interface", name, "gap-scan")
        )
    return samples


def packings(rng: np.random.Generator, count: int) -> list[Sample]:
    """Random mixtures, to be relaxed a little before use."""
    samples = []
    for i in range(count):
        counts = MIXTURES[i % len(MIXTURES)]
        atoms = packing(rng, counts, 18.5 * rng.uniform(0.95, 1.2))
        name = "packing-" + "".join(f"{s}{n}" for s, n in counts.items())
        samples.append(Sample(atoms, "mixture", name, "packing"))
    return samples


def pushed_pairs(
    bases: Sequence[Sample], rng: np.random.Generator, per_pair: int
) -> Iterator[Sample]:
    """One pair of each kind at 0.55-0.8 of its normal distance."""
    for kinds in NORMAL_DISTANCE:
        names = sorted(kinds)
        pair = (names[0], names[-1])
        hosts = [
            b
            for b in bases
            if kinds <= set(b.atoms.symbols)
            and list(b.atoms.symbols).count(pair[1]) > 1
        ]
        for factor in np.linspace(0.55, 0.8, per_pair):
            host = hosts[int(rng.integers(len(hosts)))]
            start = rattled(host.atoms, rng, 0.05)
            atoms = pushed_pair(start, rng, pair, factor)
            if atoms is not None:
                yield host.child(atoms, f"pushed-{pair[0]}-{pair[1]}")


def thin_halides(bases: Mapping[str, Sample]) -> list[Sample]:
    """Parents of Li2ZrCl6 with one layer of one formula unit."""
    halides = [b for b in bases.values() if b.config_type == "Li2ZrCl6"]
    return [b for b in halides if len(b.atoms) < 12]


def static_samples(
    bases: Mapping[str, Sample], rng: np.random.Generator
) -> list[Sample]:
    """Structures that need no dynamics, in random order."""
    samples: list[Sample] = []
    for base in bases.values():
        samples.append(base.child(base.atoms, "relaxed"))
        kind, n = base.config_type, len(base.atoms)
        if kind == "Li2ZrCl6":
            few = n > 12
            samples += variants(base, rng, (4, 6, 6) if few else (9, 18, 20))
            samples += compressed(base, rng, 2)
            samples += halide_defects(base, rng, 6 if few else 18)
            if largest_gap(base.atoms)[2] > 1.8:
                samples += layer_scan(base, rng, 7 if few else 27)
        elif kind in ("ZrCl4", "ZrCl3", "ZrCl2"):
            samples += variants(base, rng, (9, 10, 12), wide=0.25)
            samples += slabs(base, rng, 3)
            samples += compressed(base, rng, 2)
            samples += vacancies(base, rng, [{"Cl": 1}] * 3)
        elif kind in ("Li", "Zr"):
            samples += variants(base, rng, (9, 8, 8))
            samples += slabs(base, rng, 6)
            samples += compressed(base, rng, 3)
            samples += vacancies(base, rng, [{kind: 1}] * 4, sigma=0.06)
        elif base.parent in ("LiCl-rocksalt", "LiCl-CsCl-type"):
            samples += variants(base, rng, (9, 10, 10))
            samples += slabs(base, rng, 6)
            samples += compressed(base, rng, 3)
            choices = [{"Li": 1}, {"Cl": 1}, {"Li": 1, "Cl": 1}] * 3
            samples += vacancies(base, rng, choices)
        elif kind == "interface":
            samples += variants(base, rng, (0, 2, 2))
    polar = Sample(licl_111().repeat((2, 1, 1)), "LiCl", "LiCl-111-slab")
    samples += variants(polar, rng, (0, 3, 5))
    halides = thin_halides(bases)
    samples += alloys(rng, 20) + licl_interfaces(rng, 10)
    samples += own_interfaces(halides, rng, 30)
    crowd = [b for b in bases.values() if len(b.atoms) > 7]
    samples += pushed_pairs(crowd + alloys(rng, 3), rng, 12)
    return [samples[int(i)] for i in rng.permutation(len(samples))]


def moving_samples(
    bases: Mapping[str, Sample], rng: np.random.Generator
) -> list[tuple[Sample, float]]:
    """Start structures and temperatures [K] of the trajectories."""
    plan: list[tuple[Sample, float]] = []
    heat = {
        "Li": (300, 600, 1000),
        "Zr": (600, 1200),
        "LiCl": (300, 700, 1200, 1800),
        "ZrCl4": (300, 500, 700),
        "ZrCl3": (300, 700),
        "ZrCl2": (300, 700),
        "interface": (500, 900),
    }
    for base in bases.values():
        kind = base.config_type
        if kind == "Li2ZrCl6":
            choices = (600, 1100) if len(base.atoms) > 12 else (300, 600, 900, 1100)
        elif kind == "LiCl" and "vacancy" in base.parent:
            choices = (700,)
        else:
            choices = heat.get(kind, ())
        for kelvin in choices:
            atoms = base.atoms
            if len(atoms) < 12:
                repeat = [1, 1, 1]
                repeat[int(np.argmin(atoms.cell.lengths()))] = 2
                atoms = atoms.repeat(repeat)
            growth = rng.uniform(0.96, 1.08) + (0.1 if kelvin > 1000 else 0.0)
            cell = rattled(scaled_volume(atoms, growth), rng, 0.05)
            plan.append((base.child(cell, f"md{kelvin}"), float(kelvin)))
    halides = thin_halides(bases)
    extra = halide_defects(halides[0], rng, 6)
    groups = (
        (extra, (500, 800)),
        (alloys(rng, 6), (400, 800, 1100)),
        (clusters_in_licl(rng, 4), (600, 900)),
        (licl_interfaces(rng, 4), (300, 600)),
        (own_interfaces(halides, rng, 24), (300, 600, 800, 1000)),
        (packings(rng, 18), (600, 800, 1000)),
    )
    for samples, choices in groups:
        for i, sample in enumerate(samples):
            kelvin = choices[i % len(choices)]
            plan.append((sample.child(sample.atoms, f"md{kelvin}"), float(kelvin)))
    return [plan[int(i)] for i in rng.permutation(len(plan))]
