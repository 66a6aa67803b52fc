"""Many compositions in a few arrays, found by element or by formula at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from ase.data import atomic_numbers, chemical_symbols

from screening.formulas import read_formula, whole_amounts

BITS = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class CompositionTable:
    """Compositions in whole numbers, row by row.

    Parameters
    ----------
    n_elements
        Number of elements of each row, shape (n_rows,).
    numbers
        Atomic numbers of all rows one after the other, in order of the symbols
        within a row, shape (sum of n_elements,).
    amounts
        Atoms of these elements per formula unit, same shape.

    Notes
    -----
    The elements of a row are the bits of two 64-bit words, so that one pass over the
    words finds all rows of a chemical system: no index is built and none is kept.

    Examples
    --------
    >>> table = CompositionTable.of([{"Li": 2, "O": 1}, {"Zr": 1, "O": 2}])
    >>> table.row("Zr2O4"), table.row("LiCl"), table.rows_within({"Li", "O"}).tolist()
    (1, None, [0])

    """

    n_elements: np.ndarray
    numbers: np.ndarray
    amounts: np.ndarray

    def __post_init__(self) -> None:
        # Copies, so that the caller's arrays stay as they are and these as they were.
        for name in ("n_elements", "numbers", "amounts"):
            kept = np.array(getattr(self, name))
            kept.flags.writeable = False
            object.__setattr__(self, name, kept)

    @classmethod
    def of(cls, compositions: Sequence[Mapping[str, float]]) -> Self:
        """Table of compositions, each brought to whole numbers."""
        whole = [whole_amounts(each) for each in compositions]
        return cls(
            n_elements=np.array([len(each) for each in whole], dtype=np.uint8),
            numbers=np.array(
                [atomic_numbers[symbol] for each in whole for symbol in each],
                dtype=np.uint8,
            ),
            amounts=np.array(
                [amount for each in whole for amount in each.values()], dtype=np.int32
            ),
        )

    def __len__(self) -> int:
        return len(self.n_elements)

    def composition(self, row: int) -> dict[str, int]:
        """Symbol → atoms per formula unit of one row."""
        start, end = self._ends[row], self._ends[row + 1]
        return {
            chemical_symbols[number]: int(amount)
            for number, amount in zip(
                self.numbers[start:end], self.amounts[start:end], strict=True
            )
        }

    def rows_within(self, elements: Iterable[str]) -> np.ndarray:
        """Rows that hold no other elements than these."""
        system = _words(elements)
        outside = (self._words[:, 0] & ~system[0]) | (self._words[:, 1] & ~system[1])
        return np.flatnonzero(outside == 0)

    def row(self, formula: str) -> int | None:
        """Row of a compound, or None where the table does not hold it."""
        whole = whole_amounts(read_formula(formula))
        words = _words(whole)
        same = (self._words[:, 0] == words[0]) & (self._words[:, 1] == words[1])
        amounts = list(whole.values())
        for row in np.flatnonzero(same):
            start, end = self._ends[row], self._ends[row + 1]
            if self.amounts[start:end].tolist() == amounts:
                return int(row)
        return None

    def joined(self, other: "CompositionTable") -> "CompositionTable":
        """Rows of this table followed by those of another."""
        return CompositionTable(
            n_elements=np.concatenate([self.n_elements, other.n_elements]),
            numbers=np.concatenate([self.numbers, other.numbers]),
            amounts=np.concatenate([self.amounts, other.amounts]),
        )

    def without(self, rows: Sequence[int]) -> "CompositionTable":
        """Table that lacks some rows."""
        kept = np.ones(len(self), dtype=bool)
        kept[list(rows)] = False
        flat = np.repeat(kept, self.n_elements)
        return CompositionTable(
            n_elements=self.n_elements[kept],
            numbers=self.numbers[flat],
            amounts=self.amounts[flat],
        )

    @cached_property
    def elements(self) -> frozenset[str]:
        """Symbols of all elements that occur."""
        return frozenset(chemical_symbols[n] for n in np.unique(self.numbers))

    @cached_property
    def _ends(self) -> np.ndarray:
        """Where each row begins in the flat arrays, and where the last one ends."""
        return np.concatenate([[0], np.cumsum(self.n_elements, dtype=np.int64)])

    @cached_property
    def _words(self) -> np.ndarray:
        """Elements of each row as bits, shape (n_rows, 2)."""
        words = np.zeros((len(self), 2), dtype=np.uint64)
        rows = np.repeat(np.arange(len(self)), self.n_elements)
        bits = np.left_shift(np.uint64(1), (self.numbers % BITS).astype(np.uint64))
        np.bitwise_or.at(words, (rows, self.numbers // BITS), bits)
        return words


def _words(elements: Iterable[str]) -> tuple[np.uint64, np.uint64]:
    """Elements as bits of two words."""
    low, high = 0, 0
    for symbol in elements:
        number = atomic_numbers[symbol]
        if number < BITS:
            low |= 1 << number
        else:
            high |= 1 << (number - BITS)
    return np.uint64(low), np.uint64(high)
