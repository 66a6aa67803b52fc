"""An HDF5 file that is readable at every instant, also after ``kill -9``.

HDF5 writes raw data, chunk indices and object headers in an order of its own; a
process that is killed in between leaves a file that no program opens. Here HDF5
writes into memory (h5py's file-object driver), and `AtomicFile.commit` carries
the changes to the disk in an order in which every prefix is a valid file.
"""

import io
import os
from itertools import groupby
from pathlib import Path
from typing import Any, Self

_SUPERBLOCK_OFFSET = 0
_TREE = b"TREE"
_OBJECT_HEADER = b"OHDR"
_TREE_LEVEL_BYTE = 5


class AtomicFile(io.RawIOBase):
    """File object whose writes reach the disk only in `commit`.

    Parameters
    ----------
    path
        File on disk; created empty when `create` is true.
    create
        Start an empty file (an existing one is an error).

    Notes
    -----
    Writes are kept in memory until `commit`, which applies them as follows when
    datasets have grown:

    1. everything beyond the old end of the file, and raw data inside it (unused
       tails of chunks): nothing refers to them yet,
    2. the superblock (it only carries the new end of the file),
    3. chunk indices (version 1 B-trees), parents before children: a split copies
       entries to a new node before it removes them from the old one,
    4. object headers (the lengths of the datasets), `last_header` at the very end.

    When they have shrunk, object headers come first. With `sync` the disk confirms
    each of these before the next begins, so that the order holds after a loss of
    power as well. A reader that opens the file
    between two of these writes therefore finds the old frames or all of the new
    ones. It relies on the layout that h5py writes with
    ``libver=("v108", "v108")``: one write per metadata entry, no consistency flags.

    """

    def __init__(self, path: Path, *, create: bool) -> None:
        super().__init__()
        flags = os.O_RDWR | os.O_CLOEXEC
        if create:
            flags |= os.O_CREAT | os.O_EXCL
        self._descriptor = os.open(path, flags, 0o644)
        self._committed_size = os.fstat(self._descriptor).st_size
        self._size = self._committed_size
        self._position = 0
        self._pending: dict[int, bytes] = {}
        self.last_header = -1

    def readable(self) -> bool:
        """Return True."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position, as `io.RawIOBase.seek`."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}
        self._position = base[whence] + offset
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 (any writable buffer)
        """Read from the disk and from what is pending."""
        view = memoryview(buffer).cast("B")
        start, stop = self._position, min(self._position + len(view), self._size)
        n_read = max(stop - start, 0)
        on_disk = os.pread(self._descriptor, n_read, start)
        view[: len(on_disk)] = on_disk
        view[len(on_disk) : n_read] = bytes(n_read - len(on_disk))
        for offset, data in self._pending.items():
            first, last = max(start, offset), min(stop, offset + len(data))
            if first < last:
                view[first - start : last - start] = data[
                    first - offset : last - offset
                ]
        self._position += n_read
        return n_read

    def write(self, buffer: Any) -> int:  # noqa: ANN401 (any readable buffer)
        """Keep a write until `commit`."""
        data = bytes(buffer)
        offset, end = self._position, self._position + len(data)
        previous = self._pending.pop(offset, b"")
        self._pending[offset] = data + previous[len(data) :]
        self._position = end
        self._size = max(self._size, end)
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Set the size that the file has after `commit`."""
        self._size = self._position if size is None else size
        return self._size

    def flush(self) -> None:
        """Do nothing: only `commit` writes (HDF5 calls this when it closes)."""

    def commit(self, *, shrinking: bool = False, sync: bool = False) -> None:
        """Carry all pending writes to the disk in a safe order.

        Parameters
        ----------
        shrinking
            Datasets have become shorter since the last commit.
        sync
            Wait for the disk (fsync) between the stages, against loss of power.

        """
        if self._size > self._committed_size:
            os.ftruncate(self._descriptor, self._size)
        ranked = [
            (self._rank(offset, data, shrinking), offset, data)
            for offset, data in self._pending.items()
        ]
        ranked.sort(key=lambda entry: entry[0])
        for _, stage in groupby(ranked, key=lambda entry: entry[0]):
            for _, offset, data in stage:
                self._put(offset, data)
            if sync:
                os.fsync(self._descriptor)
        self._pending.clear()
        if self._size < self._committed_size:
            os.ftruncate(self._descriptor, self._size)
        self._committed_size = self._size
        if sync:
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file without a commit."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()

    def __enter__(self) -> Self:
        """Return the file itself."""
        return self

    def _put(self, offset: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, offset)
            view, offset = view[written:], offset + written

    def _rank(self, offset: int, data: bytes, shrinking: bool) -> tuple[int, int]:
        """Stage of a write: (class, order within the class)."""
        if offset >= self._committed_size:
            return (0, 0)
        if offset == _SUPERBLOCK_OFFSET:
            return (5, 0) if shrinking else (2, 0)
        if data.startswith(_OBJECT_HEADER):
            if shrinking:
                return (1, 0 if offset == self.last_header else 1)
            return (4, 1 if offset == self.last_header else 0)
        if data.startswith(_TREE):
            level = data[_TREE_LEVEL_BYTE]
            return (3, -level)
        return (2, 0) if shrinking else (0, 0)
