"""MACE networks in mace-torch's own format, which executes code when opened."""

import contextlib
import pickle
import sys
import warnings
from pathlib import Path

import torch  # noqa: TID253 (imported only once a network is wanted)

from mlip.mace_import import import_mace
from mlip.mace_potential import MacePotential
from mlip.weights import DTYPES
from training_data.errors import InputError


def load_pickled(
    path: Path, *, name: str, level: str, dtype: str, device: str
) -> MacePotential:
    """Potential from a pickled network. Call it for trusted files only.

    Raises
    ------
    InputError
        When the file does not hold a MACE network with one head.

    """
    import_mace()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")
            model = torch.load(path, map_location=device, weights_only=False)
    except (pickle.UnpicklingError, RuntimeError, EOFError, AttributeError) as error:
        message = (
            f"model must be a network that mace-torch saved; got {str(path)!r} "
            f"({str(error).splitlines()[0]}). Train or download it again."
        )
        raise InputError(message) from error
    heads = getattr(model, "heads", ["Default"])
    if not hasattr(model, "atomic_energies_fn") or len(heads) != 1:
        message = (
            f"model must be a MACE network with one head; got a "
            f"{type(model).__name__} in {str(path)!r}. Choose another file."
        )
        raise InputError(message)
    return MacePotential(model.to(DTYPES[dtype]), name=name, level=level, device=device)


def download_universal(size: str) -> Path:
    """File of a MACE-MP-0 network, downloaded by mace-torch unless it is there.

    Raises
    ------
    InputError
        When there is no network.

    """
    import_mace()
    from mace.calculators.foundations_models import (  # noqa: PLC0415
        download_mace_mp_checkpoint,
    )

    try:
        return Path(download_mace_mp_checkpoint(size))
    except (OSError, RuntimeError) as error:
        message = (
            f"model 'mace-mp:{size}' must be downloaded once; got {str(error)!r}. "
            "Check the network, or copy mace-torch's cache (~/.cache/mace) from a "
            "machine that has it."
        )
        raise InputError(message) from error
