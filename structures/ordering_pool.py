"""The lowest arrangements that a run has come across, each order once."""

import numpy as np

from structures.site_symmetry import orbit_keys

FEWEST_KEPT = 32
MOST_SEEN = 20_000
SAME_ENERGY_eV = 1e-6


class Pool:
    """The lowest arrangements of one run, one of each orbit under the symmetry.

    Orders of equal energy are kept side by side: point charges do not tell species of
    equal charge apart, but a potential does.

    Parameters
    ----------
    permutations
        Symmetry of the sites, shape (n_permutations, n), from
        :func:`structures.site_symmetry.site_permutations`.
    n_keep
        How many orders are wanted; at least 32 are kept.

    Examples
    --------
    >>> pool = Pool(np.array([[0, 1, 2, 3], [1, 2, 3, 0], [2, 3, 0, 1], [3, 0, 1, 2]]))
    >>> for row in ([1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0]):
    ...     pool.offer(-1.0, np.array(row))
    >>> pool.lowest().tolist()
    [[1, 1, 0, 0], [1, 0, 1, 0]]

    """

    def __init__(self, permutations: np.ndarray, *, n_keep: int = FEWEST_KEPT) -> None:
        self._permutations = permutations
        self._n_keep = max(FEWEST_KEPT, n_keep)
        self._kept: dict[int, tuple[float, np.ndarray]] = {}
        self._seen: set[bytes] = set()
        self.limit_eV = np.inf
        """Energy from which nothing more is taken in."""

    def offer(self, energy_eV: float, arrangement: np.ndarray) -> None:
        """Keep a copy if it is a new order.

        Parameters
        ----------
        energy_eV
            Its energy [eV].
        arrangement
            Species index on every site, shape (n,).

        """
        raw = arrangement.astype(np.uint8).tobytes()
        if raw in self._seen:
            return
        if len(self._seen) >= MOST_SEEN:
            self._seen.clear()
        self._seen.add(raw)
        key = int(orbit_keys(arrangement[None], self._permutations)[0])
        if key in self._kept:
            return
        self._kept[key] = (energy_eV, arrangement.copy())
        if len(self._kept) > 2 * self._n_keep:
            self._kept = dict(self._ranked())
            last = max(energy for energy, _ in self._kept.values())
            self.limit_eV = last - SAME_ENERGY_eV

    def lowest(self) -> np.ndarray:
        """Arrangements by rising energy, shape (n_kept, n)."""
        return np.array([arrangement for _, (_, arrangement) in self._ranked()])

    def _ranked(self) -> list[tuple[int, tuple[float, np.ndarray]]]:
        """Entries by rising energy, as many as are to be kept."""
        entries = sorted(self._kept.items(), key=lambda entry: entry[1][0])
        return entries[: self._n_keep]
