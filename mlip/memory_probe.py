"""Memory of a run, known before it starts."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from ase import Atoms

from mlip.potential import Potential
from training_data.errors import InputError

PIECE_ATOMS = 256
# the process grew by 1.00 of the need with the fast engine and by 1.56 with the
# plain one, whose allocations leave gaps in the heap (docs/speed.md)
MARGIN, PLAIN_MARGIN = 1.25, 1.8
# indices, shifts and table of the pairs within cutoff and skin, with the copies
# that sorting them takes; measured on lists of 1e5 to 1e6 pairs
_BYTES_PER_LISTED_PAIR = 300
_GIB = 2**30


@dataclass(frozen=True, kw_only=True)
class MemoryReport:
    """Memory that one structure takes, and what is free.

    Parameters
    ----------
    device
        Where.
    n_atoms, n_pairs
        Size of the structure; pairs within the cutoff.
    needed_bytes
        Largest amount at one time during a step, without what the process
        already holds; NaN when it is not known.
    free_bytes
        What may still be taken; NaN when the system does not say.
    margin
        How many times the need must be free.
    note
        Why the need is not known; empty when it is.
    dtype
        Precision of the potential, ``float32`` or ``float64``; empty when it is not
        known.

    """

    device: str
    n_atoms: int
    n_pairs: int
    needed_bytes: float
    free_bytes: float
    margin: float = MARGIN
    note: str = ""
    dtype: str = ""

    @property
    def enough(self) -> bool:
        """Whether the need with its margin is free, or one of them is not known."""
        return not self.margin * self.needed_bytes > self.free_bytes

    def require_enough(self) -> Self:
        """Give the report back, or refuse the structure.

        Raises
        ------
        InputError
            With the numbers and the atoms that would fit.

        """
        if self.enough:
            return self
        shorter = "" if self.dtype == "float32" else " --dtype float32,"
        most = int(self.n_atoms * self.free_bytes / (self.margin * self.needed_bytes))
        raise InputError(
            f"structure must fit into the free memory of {self.device}; got "
            f"{self.n_atoms} atoms with {self.n_pairs} pairs, which take about "
            f"{self.needed_bytes / _GIB:.2f} GiB, with "
            f"{self.free_bytes / _GIB:.2f} GiB free ({self.margin:g} times the need is "
            f"asked for). Up to about {most} atoms fit: take a smaller cell,{shorter} "
            "or a device with more memory."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values in GiB; what is not known is null."""
        plain = asdict(self)
        for key in ("needed", "free"):
            value = plain.pop(f"{key}_bytes")
            plain[f"{key}_GiB"] = None if np.isnan(value) else value / _GIB
        return {**plain, "enough": self.enough}


def probe_memory(potential: Potential, atoms: Atoms) -> MemoryReport:
    """Memory of one evaluation of a structure, from that of a part of it.

    Energy and gradient of 256 of its atoms, each with as many neighbours as in the
    whole, are computed once while every allocation is counted; what the network
    takes grows in proportion to pairs and atoms. So nothing large is allocated
    to find out that it does not fit.

    Parameters
    ----------
    potential
        Any potential; for one without a MACE network the need is not known.
    atoms
        The structure of the run.

    Notes
    -----
    ``needed = piece · max(pairs / pairs of piece, slots / slots of piece) + list``

    ======= ==================================================================
    symbol  variable
    ======= ==================================================================
    piece   bytes that the piece took
    slots   atoms times the most neighbours of one, rows of the largest arrays
    list    300 bytes for each pair within cutoff and skin
    ======= ==================================================================

    The processor's peak is the largest sum of torch's open allocations, the GPU's
    is the allocator's own; copies that libraries make inside one operation, and
    the gaps that allocators keep, are what the margin is for. Dispersion and guards
    need little beside it.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from mlip.ase_potential import AsePotential
    >>> report = probe_memory(AsePotential(EMT), bulk("Cu"))
    >>> report.enough, report.note
    (True, 'EMT does not say what it needs')

    """
    networks = _networks(potential)
    if not networks:
        return MemoryReport(
            device="cpu",
            n_atoms=len(atoms),
            n_pairs=0,
            needed_bytes=float("nan"),
            free_bytes=free_memory("cpu"),
            note=f"{potential.name} does not say what it needs",
        )
    from mlip.memory_piece import measure_piece  # noqa: PLC0415 (imports torch)

    # members of a committee are evaluated one after the other, but each keeps
    # its own list of pairs
    device = networks[0].device
    pieces = [
        measure_piece(network, atoms, peak=peak_bytes, n_most=PIECE_ATOMS)
        for network in networks
    ]
    listed = sum(_BYTES_PER_LISTED_PAIR * piece.n_listed for piece in pieces)
    return MemoryReport(
        device=device,
        n_atoms=len(atoms),
        n_pairs=pieces[0].n_pairs,
        needed_bytes=max(piece.scaled_bytes for piece in pieces) + listed,
        free_bytes=free_memory(device),
        dtype=str(networks[0].dtype).removeprefix("torch."),
        margin=PLAIN_MARGIN if _plain(networks) else MARGIN,
    )


def _plain(networks: Sequence[Any]) -> bool:
    return any(n.engine.used == "plain" and n.device == "cpu" for n in networks)


def _networks(potential: Potential) -> list[Any]:
    """MACE networks that our own code evaluates, also those inside other potentials."""
    if hasattr(potential, "base"):
        return _networks(potential.base)
    if hasattr(potential, "members"):
        return [n for member in potential.members for n in _networks(member)]
    return [potential] if hasattr(potential, "function") else []


def peak_bytes(call: Callable[[], object], device: str) -> float:
    """Largest amount of memory that torch holds at one time during a call.

    Without what it held before. The call is made twice, the first time to have
    what stays for good allocated.
    """
    import torch

    call()
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        call()
        torch.cuda.synchronize(device)
        return float(torch.cuda.max_memory_allocated(device) - before)
    cpu = torch.profiler.ProfilerActivity.CPU
    with (
        _quiet_stderr(),
        torch.profiler.profile(activities=[cpu], profile_memory=True) as record,
    ):
        call()
    now = most = 0
    for event in record.profiler.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            most = max(most, now)
    return float(most)


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keep the profiler's own lines, which no setting turns off, from the terminal."""
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def free_memory(device: str) -> float:
    """Bytes that a process may still take on a device; NaN when nothing says.

    On a processor the least of what the system has, what the control group (a
    container or a batch job) is allowed, its page cache not counted, and the limit
    of the process (``ulimit -v``).

    Examples
    --------
    >>> free_memory("cpu") > 0 or not sys.platform.startswith("linux")
    True

    """
    if device.startswith("cuda"):
        import torch

        free, _ = torch.cuda.mem_get_info(device)
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return float(free + kept)
    known = [*_free_of_system(), *_free_of_group(), *_free_of_process()]
    return min(known) if known else float("nan")


def _free_of_system() -> Iterator[float]:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                yield 1024.0 * int(line.split()[1])


def _free_of_group() -> Iterator[float]:
    """Memory that the control group of the process, or one above it, leaves."""
    root = Path("/sys/fs/cgroup")
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except OSError:
        return
    for line in lines:
        _, kind, path = line.split(":", 2)
        if kind not in ("", "memory"):
            continue
        base = root / kind if kind else root
        names = ("memory.max", "memory.current")
        if kind:
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
        here = base / path.lstrip("/")
        for folder in (here, *here.parents):
            if not folder.is_relative_to(base):
                break
            with contextlib.suppress(OSError, ValueError):
                limit, used = (int((folder / n).read_text()) for n in names)
                yield float(limit - used + _reclaimable(folder))


def _reclaimable(folder: Path) -> int:
    """Page cache of a control group that the kernel drops when memory is asked for."""
    with contextlib.suppress(OSError, ValueError):
        text = (folder / "memory.stat").read_text(encoding="ascii")
        entries = dict(line.split() for line in text.splitlines())
        # version 1 counts the groups below separately under "total_"
        for name in ("total_inactive_file", "inactive_file"):
            if name in entries:
                return int(entries[name])
    return 0


def _free_of_process() -> Iterator[float]:
    """Address space that the limit of the process leaves, where there is one."""
    with contextlib.suppress(ImportError, OSError, ValueError, IndexError):
        import resource  # noqa: PLC0415 (not on every system)

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            yield max(0.0, float(limit - pages * resource.getpagesize()))
