"""Weights of a MACE network as safetensors, and the network rebuilt from them.

A pickled model executes whatever its author put into it when it is opened.
Weights in safetensors are numbers only; what else is needed to rebuild the
network are a few words and numbers, and they stand in the model card.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 (imported only once a network is wanted)
from safetensors import SafetensorError
from safetensors.torch import load, save_file

from mlip.mace_import import import_mace
from mlip.mace_model import build_mace
from training_data.errors import InputError

DTYPES: Mapping[str, torch.dtype] = {
    "float32": torch.float32,
    "float64": torch.float64,
}


@contextlib.contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Torch's default precision inside a block; restored afterwards."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def save_weights(model: torch.nn.Module, path: str | Path) -> None:
    """Write all parameters and buffers of a network, whole file or none.

    Parameters
    ----------
    model
        The network; its device and precision do not matter for the file's use.
    path
        File name, by convention ``NAME.safetensors``.

    """
    path = Path(path)
    tensors = {
        name: value.detach().cpu().contiguous().clone()
        for name, value in model.state_dict().items()
    }
    scratch = path.with_name(path.name + ".part")
    save_file(tensors, scratch)
    os.replace(scratch, path)  # noqa: PTH105 (atomic on every system)


def parse_weights(content: bytes) -> dict[str, torch.Tensor]:
    """Tensors in the bytes of a safetensors file, on the processor.

    Raises
    ------
    InputError
        When the bytes are not safetensors, for instance truncated.

    """
    try:
        return load(content)
    except SafetensorError as error:
        message = (
            f"weights must be in the safetensors format; got {str(error)!r}. "
            "Copy the file again, whole."
        )
        raise InputError(message) from error


def read_weights(path: str | Path) -> dict[str, torch.Tensor]:
    """Tensors of a safetensors file; see :func:`parse_weights`."""
    return parse_weights(Path(path).read_bytes())


def build_model(
    architecture: Mapping[str, Any],
    tensors: Mapping[str, torch.Tensor],
    *,
    dtype: str = "float64",
    device: str = "cpu",
) -> torch.nn.Module:
    """Network of a card's architecture with given weights.

    Parameters
    ----------
    architecture
        The card's ``architecture`` (see :func:`mlip.mace_model.build_mace`).
    tensors
        Every parameter and buffer, as :func:`parse_weights` gives them.
    dtype
        Precision of the network.
    device
        Where it is put.

    Returns
    -------
    torch.nn.Module
        In evaluation mode; no gradient of its weights is ever formed.

    Raises
    ------
    InputError
        When the tensors are not those of this architecture.

    """
    import_mace()
    precision = DTYPES[dtype]
    try:
        with default_dtype(precision):
            model = build_mace(architecture)
            model.load_state_dict(dict(tensors), strict=True)
    except (RuntimeError, KeyError) as error:
        message = (
            "weights must be those of the card's architecture; got "
            f"{str(error).splitlines()[0]!r}. Take model and card from one place."
        )
        raise InputError(message) from error
    model = model.to(dtype=precision, device=device).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model  # type: ignore[no-any-return]
