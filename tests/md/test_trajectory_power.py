"""What is left of a trajectory when the power fails: a disk keeps what it likes.

Between two confirmations (fsync) a disk may keep any of the pages it was given, in any
version, and may forget that the file has grown.
"""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from ase import Atoms

from md.trajectory import TrajectoryWriter, atomic_file
from md.trajectory import layout as layout_module
from md.trajectory import writer as writer_module

PAGE = 4096
Record = tuple[str, int, bytes]


def written(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, list[Record]]:
    """Write 100 frames; the file at first, then all that the disk was told."""
    told: list[Record] = []

    class Told(atomic_file.AtomicFile):
        def _put(self, offset: int, data: bytes) -> None:
            super()._put(offset, data)
            while data:
                cut = PAGE - offset % PAGE
                told.append(("page", offset, data[:cut]))
                offset, data = offset + cut, data[cut:]

    def sync(_descriptor: int) -> None:
        told.append(("sync", 0, b""))

    def truncate(descriptor: int, size: int) -> None:
        told.append(("size", size, b""))
        resize(descriptor, size)

    resize = os.ftruncate
    monkeypatch.setattr(writer_module, "AtomicFile", Told)
    monkeypatch.setattr(layout_module, "_MAX_FRAMES_PER_CHUNK", 2)  # indices split
    monkeypatch.setattr(atomic_file.os, "fsync", sync)
    monkeypatch.setattr(atomic_file.os, "ftruncate", truncate)
    atoms = Atoms("Li2", positions=[[0, 0, 0], [1, 1, 1]], cell=[4, 4, 4], pbc=True)
    with TrajectoryWriter(path, atoms, frames_per_flush=3) as writer:
        first = path.read_bytes()
        told.clear()
        for step in range(100):
            frame = atoms.copy()
            frame.positions += step
            writer.append(frame, step=step, time_ps=step * 1e-3)
            if step % 3 == 0:
                writer.flush()
                told.append(("safe", step + 1, b""))
    return first, told


def resized(image: bytearray, size: int) -> None:
    del image[size:]
    image.extend(bytes(size - len(image)))


def after_a_power_cut(
    first: bytes, told: list[Record], rng: np.random.Generator
) -> tuple[bytes, int]:
    """One of the files that may be found, and how many frames were promised."""
    cut = int(rng.integers(len(told)))
    syncs = [i for i in range(cut) if told[i][0] == "sync"]
    confirmed = syncs[-1] + 1 if syncs else 0
    image = bytearray(first)
    for kind, where, data in told[:confirmed]:
        if kind == "page":
            resized(image, max(len(image), where + len(data)))
            image[where : where + len(data)] = data
        elif kind == "size":
            resized(image, where)
    pages: dict[int, list[Record]] = {}
    for record in told[confirmed:cut]:
        if record[0] == "page":
            pages.setdefault(record[1] // PAGE, []).append(record)
        elif record[0] == "size" and rng.random() < 0.5:
            resized(image, record[1])
    for versions in pages.values():
        for _, where, data in versions[: int(rng.integers(len(versions) + 1))]:
            resized(image, max(len(image), where + len(data)))
            image[where : where + len(data)] = data
    promised = [n for kind, n, _ in told[:confirmed] if kind == "safe"]
    return bytes(image), max(promised, default=0)


def test_every_flushed_frame_survives_a_power_cut(tmp_path, monkeypatch):
    first, told = written(tmp_path / "trajectory.h5", monkeypatch)
    rng = np.random.default_rng(8)
    lengths = []
    for _ in range(400):
        image, promised = after_a_power_cut(first, told, rng)
        path = tmp_path / "found.h5"
        path.write_bytes(image)
        with h5py.File(path) as file:
            group = file["particles/all"]
            n_frames = len(group["position/value"])
            np.testing.assert_array_equal(group["step"][:n_frames], range(n_frames))
            np.testing.assert_array_equal(
                group["position/value"][:, 0, 0], np.arange(n_frames)
            )
        assert n_frames >= promised
        lengths.append(n_frames)
    assert len(set(lengths)) > 25
