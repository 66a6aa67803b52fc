"""Lock of a run folder, so that two processes never write one run."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training_data.errors import InputError

LOCK = ".lock"
_HELD = (errno.EWOULDBLOCK, errno.EACCES)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep every other process, and every other run of this one, out of a folder.

    The operating system releases the lock when the process ends, however it ends: a
    kill leaves an empty file behind and no lock. On a file system without locks there
    is no protection.

    Parameters
    ----------
    folder
        Of the run; made when it is not there.

    Raises
    ------
    InputError
        When another run holds it.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    except OSError:  # a full disk, say, which the run itself will tell
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD:
                raise InputError(
                    f"out must be the folder of one run at a time; got {str(folder)!r}"
                    ", which another process is writing. Wait for its end or stop it, "
                    "then resume."
                ) from None
        yield
    finally:
        os.close(descriptor)
