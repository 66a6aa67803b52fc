"""Threads and memory of PyTorch on a processor."""

import ctypes
import functools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# mallopt's parameter numbers, malloc.h of glibc
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_LARGEST = 2**31 - 1


def use_threads(n_threads: int | None = None) -> int:
    """Set the number of threads that PyTorch uses from now on.

    Parameters
    ----------
    n_threads
        Threads; by default ``OMP_NUM_THREADS`` where it is set, else the cores
        this process may run on, at most 8: a structure of a few hundred atoms
        gains nothing from more.

    Returns
    -------
    int
        The number that was set.

    """
    import torch

    if n_threads is None:
        stated = os.environ.get("OMP_NUM_THREADS", "")
        n_threads = int(stated) if stated.isdigit() else min(available_cores(), 8)
    torch.set_num_threads(max(1, n_threads))
    return int(torch.get_num_threads())


def available_cores() -> int:
    """Cores that this process may run on (its affinity, not the machine's)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def one_core_spared() -> Iterator[None]:
    """Leave one core to another thread: PyTorch takes one thread fewer meanwhile.

    Threads that wait for each other at barriers stand still when a core is shared.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(max(1, before - 1))
    try:
        yield
    finally:
        torch.set_num_threads(before)


@functools.cache
def keep_freed_memory() -> bool:
    """Whether the C library was told to keep freed memory for the next step.

    glibc gives every freed block above 32 MB, and the top of the heap, back to
    the operating system, so that each evaluation pays for the same page faults
    again; on a virtual machine they cost more than the arithmetic. The numbers
    do not change, the peak memory of the process stays as it was. Elsewhere
    than on glibc this does nothing and returns False.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(
        mallopt(_M_MMAP_THRESHOLD, _LARGEST) and mallopt(_M_TRIM_THRESHOLD, _LARGEST)
    )
