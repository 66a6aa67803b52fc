"""Foundation models in mace-torch's own format as a start for training."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: TID253 (imported only once a network is wanted)
from ase.build import bulk
from ase.data import atomic_numbers, chemical_symbols, covalent_radii

from mlip.mace_import import import_mace
from mlip.mace_model import build_mace
from mlip.mace_potential import MacePotential
from mlip.model_card import ModelCard, file_sha256
from mlip.pickled_mace import download_universal, load_pickled
from mlip.training_start import Start
from mlip.weights import default_dtype
from training_data.errors import InputError

UNIVERSAL, UNIVERSAL_LEVEL = "mace-mp:", "PBE+U (Materials Project)"
_SIZES = ("small", "medium", "large")
_ROUNDING_EV_PER_ATOM = 1e-4
_RELATIVE = 1e-6


def load_foundation(name: str, *, trust_model: bool = False) -> Start:
    """Foundation model, taken apart into a description and weights.

    Parameters
    ----------
    name
        ``mace-mp:small``, ``:medium`` or ``:large`` (downloaded once by mace-torch),
        or the path of a checkpoint that mace-torch saved.
    trust_model
        Whether a checkpoint named by path may be opened: it can execute any code.

    Returns
    -------
    Start

    Raises
    ------
    InputError
        No such model, one that is not trusted, or a network that cannot be rebuilt to
        the same energies.

    """
    path, level = _find(name, trust_model=trust_model)
    potential = load_pickled(
        path, name=name, level=level, dtype="float64", device="cpu"
    )
    architecture = _describe(potential.model, name)
    with default_dtype(torch.float64):
        twin = build_mace(architecture)
    tensors = _fitted(potential.model.state_dict(), twin.state_dict(), name)
    twin.load_state_dict(tensors, strict=True)
    _require_same(potential, MacePotential(twin, name=name, level=level), name)
    symbols = [chemical_symbols[number] for number in architecture["atomic_numbers"]]
    card = ModelCard(
        name=name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        level_of_theory=level,
        elements=tuple(symbols),
        reference_energies_eV=dict(
            zip(symbols, architecture["atomic_energies"], strict=True)
        ),
        architecture=architecture,
        weights_sha256=file_sha256(path),
    )
    return Start(card=card, weights=path, tensors=tensors, keeps_elements=False)


def _find(name: str, *, trust_model: bool) -> tuple[Path, str]:
    if name.startswith(UNIVERSAL):
        size = name.removeprefix(UNIVERSAL)
        if size not in _SIZES:
            message = (
                f"foundation must be mace-mp: with one of {', '.join(_SIZES)}, or a "
                f"file; got {name!r}. Take mace-mp:small on a processor."
            )
            raise InputError(message)
        return download_universal(size), UNIVERSAL_LEVEL
    path = Path(name)
    if not path.is_file():
        message = (
            "foundation must be mace-mp:small, mace-mp:medium, mace-mp:large or the "
            f"file of a mace-torch checkpoint; got {name!r}. Correct the path."
        )
        raise InputError(message)
    if not trust_model:
        message = (
            f"foundation {name!r} must be trusted before it is opened, since a pickled "
            "file can execute any code; got trust_model=False. If you know where it "
            "comes from, give --trust-model (trust_model: true)."
        )
        raise InputError(message)
    return path, "unstated"


def _describe(model: Any, name: str) -> dict[str, Any]:  # noqa: ANN401
    """Plain description, refused when the network would not be the same."""
    modules = import_mace()
    from mace.tools.scripts_utils import extract_config_mace_model  # noqa: PLC0415

    found = extract_config_mace_model(model)
    gates = [
        key for key, gate in modules.gate_dict.items() if gate is found.get("gate")
    ]
    kinds = {cls: key for key, cls in modules.interaction_classes.items()}
    if "error" in found or not gates:
        message = (
            "foundation must be a ScaleShiftMACE network with a known gate; got "
            f"{type(model).__name__} in {name!r}. Choose another one."
        )
        raise InputError(message)
    description = {
        "kind": "ScaleShiftMACE",
        **{
            key: found[key]
            for key in ("max_ell", "num_interactions", "correlation", "radial_type")
        },
        "r_max": float(found["r_max"]),
        "num_bessel": int(found["num_bessel"]),
        "num_polynomial_cutoff": int(found["num_polynomial_cutoff"]),
        "interaction": kinds[found["interaction_cls"]],
        "interaction_first": kinds[found["interaction_cls_first"]],
        "hidden_irreps": str(found["hidden_irreps"]),
        "MLP_irreps": str(found["MLP_irreps"]),
        "gate": gates[0],
        "radial_MLP": [int(width) for width in found["radial_MLP"]],
        "pair_repulsion": bool(found["pair_repulsion"]),
        "atomic_numbers": [int(number) for number in found["atomic_numbers"]],
        "atomic_energies": np.ravel(found["atomic_energies"]).astype(float).tolist(),
        "avg_num_neighbors": float(found["avg_num_neighbors"]),
        "atomic_inter_scale": float(np.ravel(found["atomic_inter_scale"])[0]),
        "atomic_inter_shift": float(np.ravel(found["atomic_inter_shift"])[0]),
    }
    twin = extract_config_mace_model(build_mace(description))
    other = [
        key
        for key, value in found.items()
        if key not in ("atomic_energies", "atomic_numbers", "heads", "gate")
        and not key.startswith("atomic_inter")
        and str(value) != str(twin[key])
        and not _near(value, twin[key])
    ]
    if other:
        message = (
            "foundation must be built of the parts that this program trains; got "
            f"others for {sorted(other)!r} in {name!r}. Choose mace-mp:small or a "
            "checkpoint of a plain ScaleShiftMACE."
        )
        raise InputError(message)
    return description


def _near(one: Any, other: Any) -> bool:  # noqa: ANN401
    numbers = (int, float, np.number)
    if not isinstance(one, numbers) or not isinstance(other, numbers):
        return False
    return abs(float(one) - float(other)) <= _RELATIVE * abs(float(other))


def _fitted(
    source: dict[str, torch.Tensor], target: dict[str, torch.Tensor], name: str
) -> dict[str, torch.Tensor]:
    """Weights in the shapes of our network: a single head has an axis less."""
    strange = [
        key
        for key, value in target.items()
        if value.numel() and (key not in source or source[key].numel() != value.numel())
    ]
    if strange:
        message = (
            f"foundation {name!r} must hold the weights of its description; got none "
            f"for {strange[:3]!r}. It was saved by another version of mace-torch."
        )
        raise InputError(message)
    return {
        key: source[key].detach().reshape(value.shape).to(value.dtype).clone()
        if value.numel()
        else value
        for key, value in target.items()
    }


def _require_same(one: MacePotential, other: MacePotential, name: str) -> None:
    symbols = sorted(one.species or ())
    symbols = [s for s in ("Li", "Cl", "O", "Zr") if s in symbols] + symbols
    first, second = (symbols * 2)[:2]
    size = 2.2 * sum(covalent_radii[atomic_numbers[s]] for s in (first, second))
    crystal = bulk("NaCl", "rocksalt", a=size, cubic=True)
    crystal.symbols[:] = [first, second] * 4
    crystal.positions += np.random.default_rng(3).normal(scale=0.1, size=(8, 3))
    energies = [float(p.evaluate([crystal]).energies[0]) for p in (one, other)]
    if not abs(energies[0] - energies[1]) < _ROUNDING_EV_PER_ATOM * len(crystal):
        message = (
            f"foundation {name!r} must be rebuilt to the same energies; got "
            f"{energies[1]:.4f} eV for {energies[0]:.4f} eV. It has parts that are not "
            "known here: choose another one."
        )
        raise InputError(message)
