"""mace-torch and its network classes, imported without a word on stdout."""

import contextlib
import functools
import logging
import os
import sys
import warnings
from types import ModuleType

_UNSAFE = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"


@functools.cache
def import_mace() -> ModuleType:
    """``mace.modules``, imported quietly and without loosening ``torch.load``.

    On import mace-torch prints a notice about cuEquivariance, e3nn warns about
    ``torch.load`` and ``torch.jit``, and mace-torch sets an environment variable
    that lets every later ``torch.load`` of the process execute code. The notice
    and warnings are silenced here, and the variable is put back as it was.

    Returns
    -------
    module
        ``mace.modules``.

    """
    before = os.environ.get(_UNSAFE)
    root = logging.getLogger()
    level = root.level
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        root.setLevel(logging.ERROR)
        try:
            with contextlib.redirect_stdout(None):
                from mace import modules  # noqa: PLC0415 (seconds to import)
        finally:
            root.setLevel(level)
            if before is None:
                os.environ.pop(_UNSAFE, None)
            else:
                os.environ[_UNSAFE] = before
    return modules  # type: ignore[no-any-return]
