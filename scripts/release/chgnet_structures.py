"""Building blocks and distortions for sampling Li-Zr-Cl structures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.geometry import get_distances

if TYPE_CHECKING:
    from collections.abc import Mapping

NORMAL_DISTANCE = {
    frozenset({"Li"}): 3.0,
    frozenset({"Li", "Cl"}): 2.55,
    frozenset({"Li", "Zr"}): 3.0,
    frozenset({"Zr", "Cl"}): 2.45,
    frozenset({"Zr"}): 3.2,
    frozenset({"Cl"}): 3.5,
}


@dataclass
class Sample:
    """A structure with the names it is filed under.

    Parameters
    ----------
    atoms
        Structure.
    config_type
        Kind of system.
    parent
        Polymorph, stack or packing the structure descends from.
    sampling
        How the structure was made.
    """

    atoms: Atoms
    config_type: str
    parent: str
    sampling: str = "ideal"

    def child(self, atoms: Atoms, sampling: str) -> Sample:
        """Another structure of the same parent."""
        return Sample(atoms, self.config_type, self.parent, sampling)

    def tagged(self) -> Atoms:
        """Copy of the structure with the names in ``info`` and nothing else."""
        atoms = Atoms(
            self.atoms.symbols,
            positions=self.atoms.positions,
            cell=self.atoms.cell,
            pbc=True,
        )
        atoms.info.update(
            config_type=self.config_type,
            parent=self.parent,
            sampling=self.sampling,
            group_id=f"{self.parent}/{self.sampling}",
        )
        return atoms


def with_vacuum(atoms: Atoms, vacuum: float, axis: int = 2) -> Atoms:
    """Open the cell along the normal of two axes."""
    opened = atoms.copy()
    cell = np.array(opened.cell)
    normal = np.cross(cell[axis - 2], cell[axis - 1])
    cell[axis] += normal / np.linalg.norm(normal) * vacuum
    opened.set_cell(cell, scale_atoms=False)
    return opened


def largest_gap(atoms: Atoms) -> tuple[int, float, float]:
    """Axis, fractional height of the middle and width [Å] of the largest gap."""
    best = (2, 0.0, 0.0)
    cell = np.array(atoms.cell)
    for axis in range(3):
        normal = np.cross(cell[axis - 2], cell[axis - 1])
        height = abs(atoms.get_volume() / np.linalg.norm(normal))
        z = np.sort(atoms.get_scaled_positions()[:, axis])
        gaps = np.diff(np.append(z, z[0] + 1))
        k = int(gaps.argmax())
        if gaps[k] * height > best[2]:
            best = (axis, float(z[k] + gaps[k] / 2) % 1, float(gaps[k] * height))
    return best


def along_layers(atoms: Atoms) -> Atoms:
    """Re-cut a crystal so that its first two axes lie in the widest gap."""
    grid = [np.array(n) - 1 for n in np.ndindex(3, 3, 3) if n != (1, 1, 1)]
    cell = np.array(atoms.cell)
    widest, plane = 0.0, grid[0]
    for hkl in grid:
        z = np.sort(atoms.get_scaled_positions() @ hkl % 1)
        spacing = 1 / np.linalg.norm(hkl @ np.array(atoms.cell.reciprocal()))
        gap = np.diff(np.append(z, z[0] + 1)).max() * spacing
        if gap > widest + 0.05:
            widest, plane = gap, hkl
    short = sorted(grid, key=lambda n: float(np.linalg.norm(n @ cell)))
    flat = [n for n in short if n @ plane == 0]
    first = flat[0]
    second = next(n for n in flat if np.any(np.cross(n, first)))
    third = next(
        n
        for n in short
        if round(float(np.linalg.det(np.array([first, second, n])))) == 1
    )
    new_cell = np.array([first, second, third]) @ cell
    result = Atoms(atoms.symbols, positions=atoms.positions, cell=new_cell, pbc=True)
    result.wrap()
    return result


def open_layers(atoms: Atoms, extra: float, slide: np.ndarray | None = None) -> Atoms:
    """Rigidly move the layers apart at the largest gap.

    Parameters
    ----------
    atoms
        Structure with one layer per cell.
    extra
        Change of the spacing [Å].
    slide
        Fractional sideways shift of the next layer along the other two axes.

    Returns
    -------
    Atoms
        Structure with a changed cell and unchanged layers.
    """
    axis, middle, _ = largest_gap(atoms)
    opened = atoms.copy()
    scaled = opened.get_scaled_positions()
    scaled[:, axis] = (scaled[:, axis] - middle) % 1
    opened.set_scaled_positions(scaled)
    cell = np.array(opened.cell)
    normal = np.cross(cell[axis - 2], cell[axis - 1])
    normal *= np.sign(normal @ cell[axis]) / np.linalg.norm(normal)
    cell[axis] += normal * extra
    if slide is not None:
        cell[axis] += slide[0] * cell[axis - 2] + slide[1] * cell[axis - 1]
    opened.set_cell(cell, scale_atoms=False)
    return opened


def layer_spacing(atoms: Atoms) -> float:
    """Repeat distance across the largest gap [Å]."""
    axis = largest_gap(atoms)[0]
    cell = np.array(atoms.cell)
    normal = np.cross(cell[axis - 2], cell[axis - 1])
    return float(atoms.get_volume() / np.linalg.norm(normal))


def upright_layer(atoms: Atoms) -> Atoms:
    """Single layer with the third axis along the normal, bottom at z = 0."""
    axis, middle, _ = largest_gap(atoms)
    order = [axis - 2, axis - 1, axis]
    scaled = atoms.get_scaled_positions()[:, order]
    scaled[:, 2] = (scaled[:, 2] - middle) % 1
    cell = np.array(atoms.cell)[order]
    layer = Atoms(atoms.symbols, cell=cell, scaled_positions=scaled, pbc=True)
    layer.set_cell(layer.cell.cellpar(), scale_atoms=True)
    layer.positions[:, 2] -= layer.positions[:, 2].min()
    cell = np.array(layer.cell)
    cell[2] = [0, 0, np.ptp(layer.positions[:, 2])]
    layer.set_cell(cell, scale_atoms=False)
    return layer


def li_sheets(cell: np.ndarray, per_side: int, count: int, step: float) -> Atoms:
    """Li(111)-like sheets on a given in-plane cell, bottom at z = 0."""
    sheets = Atoms(cell=cell, pbc=True)
    for i in range(count):
        shift = np.array([i % 3, i % 3]) / 3
        for j, k in np.ndindex(per_side, per_side):
            u, v = (np.array([j, k]) + shift) / per_side
            sheets.append("Li")
            sheets.positions[-1] = u * cell[0] + v * cell[1] + [0, 0, i * step]
    return sheets


def stack(lower: Atoms, upper: Atoms, gap: float, top_gap: float) -> Atoms:
    """Put one slab on another with the gaps [Å] of the two contacts."""
    both = lower.copy()
    height = np.ptp(lower.positions[:, 2])
    shifted = upper.copy()
    shifted.positions[:, 2] += height + gap
    both.extend(shifted)
    cell = np.array(both.cell)
    cell[2] = [0, 0, height + gap + np.ptp(upper.positions[:, 2]) + top_gap]
    both.set_cell(cell, scale_atoms=False)
    return both


def li_on_layer(
    layer: Atoms, repeat: tuple[int, int], n_li: int, gap: float, top_gap: float
) -> Atoms:
    """Stack of one Li2ZrCl6 layer and a few Li sheets."""
    li = li_sheets(np.array(layer.cell), 2, n_li, 2.4)
    return stack(layer, li, gap, top_gap).repeat((*repeat, 1))


def li_on_licl(n_licl: int, n_li: int, gap: float, repeat: tuple[int, int]) -> Atoms:
    """Stack of LiCl(001) and bcc Li(001) turned by 45 degrees."""
    a = 4.98
    cell = np.diag([a, a, 1.0])
    salt, metal = Atoms(cell=cell, pbc=True), Atoms(cell=cell, pbc=True)
    corners = np.array([(0, 0), (0.5, 0.5), (0.5, 0), (0, 0.5)]) * a
    for i in range(n_licl):
        for k, (x, y) in enumerate(corners):
            salt.append("Li" if (k < 2) == (i % 2 == 0) else "Cl")
            salt.positions[-1] = x, y, i * 2.55
    for i in range(n_li):
        for x, y in corners[2 * (i % 2) : 2 * (i % 2) + 2]:
            metal.append("Li")
            metal.positions[-1] = x, y, i * 1.68
    return stack(salt, metal, gap, gap).repeat((*repeat, 1))


def strained(atoms: Atoms, rng: np.random.Generator, amplitude: float) -> Atoms:
    """Random symmetric strain with components up to ``amplitude``."""
    strain = rng.uniform(-amplitude, amplitude, (3, 3))
    result = atoms.copy()
    cell = np.array(atoms.cell) @ (np.eye(3) + (strain + strain.T) / 2)
    result.set_cell(cell, scale_atoms=True)
    return result


def scaled_volume(atoms: Atoms, factor: float) -> Atoms:
    """Structure with its volume multiplied by ``factor``."""
    result = atoms.copy()
    result.set_cell(np.array(atoms.cell) * factor ** (1 / 3), scale_atoms=True)
    return result


def rattled(atoms: Atoms, rng: np.random.Generator, sigma: float) -> Atoms:
    """Displace every atom by a normally distributed vector."""
    result = atoms.copy()
    result.positions += rng.normal(0, sigma, result.positions.shape)
    return result


def removed(atoms: Atoms, rng: np.random.Generator, counts: Mapping[str, int]) -> Atoms:
    """Structure without some atoms, chosen at random for each symbol."""
    symbols = np.array(atoms.get_chemical_symbols())
    drop = [
        int(i)
        for symbol, n in counts.items()
        for i in rng.choice(np.flatnonzero(symbols == symbol), n, replace=False)
    ]
    return atoms[[i for i in range(len(atoms)) if i not in drop]]


def substituted(
    atoms: Atoms, rng: np.random.Generator, old: str, new: str, count: int = 1
) -> Atoms:
    """Structure with ``count`` neighbouring atoms of one symbol replaced."""
    result = atoms.copy()
    sites = np.flatnonzero(np.array(atoms.get_chemical_symbols()) == old)
    first = int(rng.choice(sites))
    distances = atoms.get_distances(first, sites, mic=True)
    for i in sites[np.argsort(distances)[:count]]:
        result[int(i)].symbol = new
    return result


def swapped(atoms: Atoms, rng: np.random.Generator, one: str, other: str) -> Atoms:
    """Structure with two atoms of different symbols exchanged."""
    symbols = np.array(atoms.get_chemical_symbols())
    i = int(rng.choice(np.flatnonzero(symbols == one)))
    j = int(rng.choice(np.flatnonzero(symbols == other)))
    result = atoms.copy()
    result.positions[[i, j]] = result.positions[[j, i]]
    return result


def inserted(atoms: Atoms, rng: np.random.Generator, symbol: str, count: int) -> Atoms:
    """Structure with atoms put into its largest voids, with some randomness."""
    result = atoms.copy()
    for _ in range(count):
        points = rng.random((300, 3)) @ np.array(result.cell)
        _, d = get_distances(points, result.positions, result.cell, result.pbc)
        best = np.argsort(-d.min(axis=1))[:6]
        result.append(symbol)
        result.positions[-1] = points[rng.choice(best)]
    return result


def packing(
    rng: np.random.Generator, counts: Mapping[str, int], volume_per_atom: float
) -> Atoms:
    """Random packing that keeps pairs apart as far as random trials allow."""
    symbols = [s for s, n in counts.items() for _ in range(n)]
    symbols = [str(s) for s in rng.permutation(symbols)]
    edges = rng.uniform(0.85, 1.2, 3)
    edges *= (volume_per_atom * len(symbols) / edges.prod()) ** (1 / 3)
    atoms = Atoms(cell=edges, pbc=True)
    for symbol in symbols:
        points = rng.random((250, 3)) * edges
        if len(atoms):
            normal = [NORMAL_DISTANCE[frozenset({symbol, s})] for s in atoms.symbols]
            _, d = get_distances(points, atoms.positions, atoms.cell, True)
            score = (d / np.array(normal)).min(axis=1)
            good = np.flatnonzero(score > 0.9)
            pick = int(good[0]) if len(good) else int(score.argmax())
        else:
            pick = 0
        atoms.append(symbol)
        atoms.positions[-1] = points[pick]
    return atoms


def pushed_pair(
    atoms: Atoms, rng: np.random.Generator, pair: tuple[str, str], factor: float
) -> Atoms | None:
    """Structure with one near pair at ``factor`` of its normal distance."""
    symbols = np.array(atoms.get_chemical_symbols())
    first = np.flatnonzero(symbols == pair[0])
    i = int(rng.choice(first))
    others = np.array([j for j in np.flatnonzero(symbols == pair[1]) if j != i])
    if not len(others):
        return None
    vectors = atoms.get_distances(i, others, mic=True, vector=True)
    k = int(np.linalg.norm(vectors, axis=1).argmin())
    length = float(np.linalg.norm(vectors[k]))
    shift = vectors[k] * (1 - factor * NORMAL_DISTANCE[frozenset(pair)] / length) / 2
    result = atoms.copy()
    result.positions[i] += shift
    result.positions[others[k]] -= shift
    return result
