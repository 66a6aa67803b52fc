"""What is said when the disk takes no more."""

import errno
import os
from pathlib import Path

_OF_THE_DISK = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.EROFS,
        errno.ESTALE,
    }
)


class NotWrittenError(OSError):
    """Output that the disk did not take; everything written before is intact."""


def is_of_the_disk(error: BaseException) -> bool:
    """Whether an error says that the disk is full, gone or broken.

    Examples
    --------
    >>> is_of_the_disk(OSError(errno.ENOSPC, "No space left on device"))
    True
    >>> is_of_the_disk(FileNotFoundError(errno.ENOENT, "No such file or directory"))
    False

    """
    return isinstance(error, OSError) and error.errno in _OF_THE_DISK


def not_written(path: Path, error: OSError, *, kept: str) -> NotWrittenError:
    """Error that says where, why, what is safe and what to do.

    Parameters
    ----------
    path
        File or folder that did not take what was written.
    error
        What the system said.
    kept
        What is safe, as a sentence.

    Examples
    --------
    >>> full = OSError(errno.ENOSPC, "No space left on device")
    >>> text = not_written(Path("/"), full, kept="Step 40 is safe.")
    >>> str(text).startswith("[Errno 28] output must fit on its disk; got")
    True

    """
    try:
        there = os.statvfs(path if path.exists() else path.parent)
        free = f"{there.f_bavail * there.f_frsize / 1e6:.1f} MB free"
    except OSError:
        free = "free space unknown"
    message = (
        f"output must fit on its disk; got {error.strerror!r} for {str(path)!r} "
        f"({free}). {kept} Make room and resume."
    )
    return NotWrittenError(error.errno, message)
