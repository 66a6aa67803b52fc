"""Links: pairs of frames so near to each other that their labels must agree."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from training_data.doctor_collection import Collection

MAX_STRAIN = 0.12
MAX_MOVE_A = 1.0
MAX_ATOM_PAIRS = 12_000_000
"""All pairs of frames are tried while they hold no more atoms than this."""

N_NEAREST = 5
LINKS_PER_FRAME = 12
N_COMPONENTS = 6
CHUNK_ATOMS = 60_000
STIFFNESS_EV_PER_A3 = 0.3
RELATIVE_ERROR = 0.1
FLOOR_EV = 5e-4


@dataclass(frozen=True, kw_only=True, eq=False)
class Links:
    """Pairs of frames with the work that leads from one to the other.

    Parameters
    ----------
    first, second
        (n,) indices of the frames.
    n_atoms
        (n,) atoms of each of the two.
    energy
        (n,) difference of the energies [eV per atom].
    force_work
        (n,) work against the mean forces along the displacements [eV per atom].
    stress_work
        (n,) work of the mean stress along the strain [eV per atom]; NaN where a
        stress is missing.
    volume
        (n,) difference of the volumes [Å³ per atom].
    strain
        (n,) largest component of the strain.
    move_A
        (n,) root mean square displacement beyond the strain [Å].
    uncertainty
        (n,) expected error of the work [eV per atom].

    """

    first: NDArray[np.int_]
    second: NDArray[np.int_]
    n_atoms: NDArray[np.int_]
    energy: NDArray[np.float64]
    force_work: NDArray[np.float64]
    stress_work: NDArray[np.float64]
    volume: NDArray[np.float64]
    strain: NDArray[np.float64]
    move_A: NDArray[np.float64]
    uncertainty: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.first)

    def where(self, mask: NDArray[np.bool_]) -> "Links":
        """Those for which `mask` is true."""
        return Links(**{name: value[mask] for name, value in vars(self).items()})


def find_links(collected: Collection) -> Links:
    r"""Links between frames of the same atoms in the same order.

    Parameters
    ----------
    collected
        What is known of the frames.

    Notes
    -----
    Between two near configurations 1 and 2 the trapezoid rule gives, with an error of
    third order,

    .. math::

        E_2 - E_1 \approx -\sum_i \tfrac12 (F_{1i} + F_{2i}) \cdot d_i
        + \tfrac12 (V_1 \sigma_1 + V_2 \sigma_2) : \varepsilon

    where ε = h̄⁻¹ (h₂ − h₁) is the strain between the cells and d the displacement in
    fractional coordinates, in the mean cell h̄. The expected error is a tenth of the
    second-order energy, ½ Σ |F₂ − F₁||d| + K V ε² with K = 0.3 eV/Å³, as measured on
    three DFT sets (`docs/doctor.md`).

    """
    alike: dict[int, list[int]] = {}
    for index, numbers in enumerate(collected.numbers):
        if collected.positions[index] is not None and len(numbers) > 0:
            alike.setdefault(id(numbers), []).append(index)
    parts = []
    for members in alike.values():
        if len(members) < 2 or not all(collected.volumes_A3[m] > 0 for m in members):  # noqa: PLR2004
            continue
        fractions = _fractions(collected, members)
        near = _nearest(collected, members, fractions)
        step = max(1, CHUNK_ATOMS // fractions.shape[1])
        parts += [
            _linked(collected, np.array(members), near[at : at + step], fractions)
            for at in range(0, len(near), step)
        ]
    names = Links.__dataclass_fields__
    if not parts:
        empty = {name: np.array([]) for name in names}
        empty |= {name: np.array([], dtype=int) for name in ("first", "second")}
        return Links(**empty)
    return Links(
        **{name: np.concatenate([getattr(p, name) for p in parts]) for name in names}
    )


def _fractions(collected: Collection, members: list[int]) -> NDArray[np.float32]:
    """Fractional coordinates, (n_members, n_atoms, 3)."""
    return np.array(
        [
            np.asarray(collected.positions[m]) @ np.linalg.inv(collected.cells[m])
            for m in members
        ],
        dtype=np.float32,
    )


def _nearest(
    collected: Collection, members: list[int], fractions: NDArray[np.float32]
) -> NDArray[np.int_]:
    """Pairs of members that are near, the nearest where there are many."""
    pairs = _likely(collected, members)
    step = max(1, CHUNK_ATOMS // fractions.shape[1])
    cells = np.array([collected.cells[m] for m in members], dtype=np.float32)
    whole = np.array([collected.pbc[m] for m in members])
    apart = []
    for at in range(0, len(pairs), step):
        a, b = pairs[at : at + step].T
        steps = fractions[b] - fractions[a]
        steps -= np.where(whole[a][:, None], np.rint(steps), np.float32(0))
        steps -= steps.mean(axis=1, keepdims=True)
        moves = np.einsum("pia,pab->pib", steps, cells[a], optimize=True)
        largest = np.sqrt(np.einsum("pib,pib->pi", moves, moves).max(axis=1))
        stretch = np.abs(cells[b] - cells[a]).max(axis=(1, 2)) / np.cbrt(
            np.abs(np.linalg.det(cells[a]))
        )
        apart.append(largest + np.where(stretch < 2 * MAX_STRAIN, stretch, np.inf))
    distance = np.concatenate(apart)
    order = np.argsort(distance, kind="stable")[: LINKS_PER_FRAME * len(members)]
    chosen: NDArray[np.int_] = pairs[order[distance[order] < 2 * MAX_MOVE_A]]
    return chosen


def _likely(collected: Collection, members: list[int]) -> NDArray[np.int_]:
    """Pairs of members that may be near: all, or neighbours by shape and volume."""
    n = len(members)
    if n * (n - 1) // 2 * len(collected.numbers[members[0]]) <= MAX_ATOM_PAIRS:
        return np.array(np.triu_indices(n, 1)).T
    shapes = np.array([collected.shapes[m] for m in members], dtype=float)
    rows = np.arange(n)
    found = [np.stack([rows[:-k], rows[k:]], axis=1) for k in (1, 2)]
    points = _compressed(shapes)
    near = cKDTree(points).query(points, k=min(N_NEAREST, n))[1][:, 1:]
    order = np.argsort([collected.volumes_A3[m] for m in members], kind="stable")
    found.append(np.stack([np.repeat(rows, near.shape[1]), near.ravel()], axis=1))
    found.append(np.stack([order[:-1], order[1:]], axis=1))
    pairs = np.sort(np.concatenate(found), axis=1)
    return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)


def _compressed(shapes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Few coordinates that hold most of how the shapes differ."""
    centred = shapes - shapes.mean(axis=0)
    vectors = np.linalg.eigh(centred.T @ centred)[1]
    coordinates: NDArray[np.float64] = centred @ vectors[:, -N_COMPONENTS:]
    return coordinates


def _linked(
    collected: Collection,
    members: NDArray[np.int_],
    pairs: NDArray[np.int_],
    fractions: NDArray[np.float32],
) -> Links:
    a, b = members[pairs[:, 0]], members[pairs[:, 1]]
    h1, h2 = (np.array([collected.cells[i] for i in side]) for side in (a, b))
    middle = (h1 + h2) / 2
    with np.errstate(all="ignore"):
        strain = np.linalg.solve(middle, h2 - h1)
    largest = np.abs(strain).max(axis=(1, 2))
    step = (fractions[pairs[:, 1]] - fractions[pairs[:, 0]]).astype(float)
    whole = np.array([collected.pbc[i] for i in a])[:, None, :]
    step -= np.where(whole, np.round(step), 0.0)
    moves = step @ middle
    moves -= moves.mean(axis=1, keepdims=True)
    size = np.linalg.norm(moves, axis=2)
    keep = (largest < MAX_STRAIN) & (size.max(axis=1) < MAX_MOVE_A)
    n = np.full(len(a), step.shape[1])
    f1, f2 = (_stack(collected.forces, side, like=step) for side in (a, b))
    force_work = -0.5 * np.einsum("pij,pij->p", f1 + f2, moves) / n
    second_order = 0.5 * np.einsum("pi,pi->p", np.linalg.norm(f2 - f1, axis=2), size)
    v1, v2 = (np.array([collected.volumes_A3[i] for i in side]) for side in (a, b))
    t1, t2 = (_matrices(collected, side) for side in (a, b))
    virial = 0.5 * (v1[:, None, None] * t1 + v2[:, None, None] * t2)
    stress_work = np.einsum("pij,pij->p", virial, strain) / n
    stretched = STIFFNESS_EV_PER_A3 * v1 * (strain**2).sum(axis=(1, 2))
    energies = np.array(collected.energies)
    links = Links(
        first=a,
        second=b,
        n_atoms=n,
        energy=(energies[b] - energies[a]) / n,
        force_work=force_work,
        stress_work=stress_work,
        volume=(v2 - v1) / n,
        strain=largest,
        move_A=np.sqrt((size**2).mean(axis=1)),
        uncertainty=FLOOR_EV + RELATIVE_ERROR * (second_order + stretched) / n,
    )
    return links.where(keep & np.isfinite(largest))


def _stack(
    arrays: list[NDArray[np.float32] | None],
    chosen: NDArray[np.int_],
    *,
    like: NDArray[np.float64],
) -> NDArray[np.float64]:
    nothing = np.full(like.shape[1:], np.nan)
    given = (arrays[i] for i in chosen)
    return np.array([nothing if one is None else one for one in given], dtype=float)


def _matrices(collected: Collection, chosen: NDArray[np.int_]) -> NDArray[np.float64]:
    voigt = np.array([collected.stresses[i] for i in chosen])
    return voigt[:, [[0, 5, 4], [5, 1, 3], [4, 3, 2]]]
