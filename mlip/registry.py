"""Potentials by name, by file, or by the folder of a training run."""

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from mlip.model_card import ModelCard, card_path, read_card, read_checked_weights
from mlip.potential import Potential
from training_data.errors import InputError

if TYPE_CHECKING:
    from mlip.mace_potential import MacePotential

MODELS = Path(__file__).parent / "models"
DEFAULT_MODEL = "li-zr-cl"
_UNIVERSAL = "mace-mp:"
_UNIVERSAL_SIZES = ("small", "medium", "large")
_DISPERSION = "+d3"
_COMMITTEES: Mapping[str, Literal["mean", "first"]] = MappingProxyType(
    {"committee:": "mean", "watched:": "first"}
)


@dataclass(frozen=True, kw_only=True)
class ModelEntry:
    """A potential that can be loaded by name.

    Parameters
    ----------
    name
        What to give to :func:`load_potential`.
    elements
        Chemical symbols that it knows.
    level_of_theory
        What its energies stand for.
    default
        Whether it is used when no model is named.
    path
        Its weights file; None for one that comes with another package or is
        downloaded.

    """

    name: str
    elements: tuple[str, ...]
    level_of_theory: str
    default: bool
    path: Path | None

    def to_json(self) -> dict[str, Any]:
        """Entry as JSON-able values."""
        return {
            "name": self.name,
            "elements": list(self.elements),
            "level_of_theory": self.level_of_theory,
            "default": self.default,
            "path": None if self.path is None else str(self.path),
        }


def available_models() -> list[ModelEntry]:
    """Potentials that :func:`load_potential` knows by name, released ones first."""
    entries = []
    for weights in sorted(MODELS.glob("*.safetensors")):
        card = read_card(card_path(weights))
        entries.append(
            ModelEntry(
                name=weights.stem,
                elements=card.elements,
                level_of_theory=card.level_of_theory,
                default=weights.stem == DEFAULT_MODEL,
                path=weights,
            )
        )
    from ase.data import chemical_symbols  # noqa: PLC0415 (with the names only)

    entries.append(
        ModelEntry(
            name="chgnet",
            elements=tuple(chemical_symbols[1:95]),
            level_of_theory="PBE+U (Materials Project)",
            default=False,
            path=None,
        )
    )
    entries += [
        ModelEntry(
            name=_UNIVERSAL + size,
            elements=(*chemical_symbols[1:84], *chemical_symbols[89:95]),
            level_of_theory="PBE+U (Materials Project)",
            default=False,
            path=None,
        )
        for size in _UNIVERSAL_SIZES
    ]
    return sorted(entries, key=lambda entry: not entry.default)


def load_potential(  # noqa: PLR0911 (one per kind of model)
    name_or_path: str | Path = DEFAULT_MODEL,
    *,
    dtype: str = "float64",
    device: str = "cpu",
    trust_model: bool = False,
) -> Potential:
    """Potential by name, from a file, or from the folder of a training run.

    Parameters
    ----------
    name_or_path
        A name that :func:`available_models` lists; ``MODEL.safetensors``, beside
        which ``MODEL.card.json`` must lie; a folder that holds exactly one such
        file; or a pickled ``.model`` file of mace-torch. A name with ``+d3`` at
        its end adds the D3(BJ) dispersion of PBE to each answer.
        ``committee:A,B,C`` answers with the mean of several models and
        ``watched:A,B,C`` with the first, while the others tell how far they
        disagree; in place of the list, a folder with the weights of several.
    dtype
        Precision of the arithmetic, ``"float64"`` or ``"float32"``. Single
        precision is about twice as fast and good for dynamics; differences of
        energies and relaxations want double.
    device
        ``"cpu"`` or ``"cuda"``.
    trust_model
        Whether a pickled file may be opened. It can execute any code.

    Returns
    -------
    Potential

    Raises
    ------
    InputError
        When there is no such model, when card or weights are missing, damaged
        or do not belong together, and when a pickled file is not trusted.

    """
    _check_options(dtype, device)
    name = str(name_or_path)
    path = Path(name_or_path)
    for prefix, answer in _COMMITTEES.items():
        if name.startswith(prefix):
            from mlip.committee import build_committee  # noqa: PLC0415

            members = [
                load_potential(
                    member, dtype=dtype, device=device, trust_model=trust_model
                )
                for member in _members(name.removeprefix(prefix))
            ]
            return build_committee(members, answer=answer)
    if name.endswith(_DISPERSION) and not path.exists():
        from mlip.dispersion_potential import DispersionPotential  # noqa: PLC0415

        base = load_potential(
            name.removesuffix(_DISPERSION),
            dtype=dtype,
            device=device,
            trust_model=trust_model,
        )
        return DispersionPotential(base)
    if name == "chgnet":
        from mlip.chgnet_potential import ChgnetPotential  # noqa: PLC0415 (torch)

        return ChgnetPotential(device=device)
    if name.startswith(_UNIVERSAL):
        return _load_universal(name, dtype=dtype, device=device)
    released = MODELS / f"{name}.safetensors"
    if "/" not in name and released.is_file():
        return _load_weights(released, dtype=dtype, device=device)
    if path.is_dir():
        return _load_weights(_only_weights(path), dtype=dtype, device=device)
    if path.suffix in (".model", ".pt", ".pth") and path.is_file():
        return _load_pickled(path, dtype=dtype, device=device, trust_model=trust_model)
    if path.is_file():
        return _load_weights(path, dtype=dtype, device=device)
    names = ", ".join(entry.name for entry in available_models())
    message = (
        f"model must be a name ({names}), a weights file beside its card, or the "
        f"folder of a training run; got {name!r}, which is none of them. "
        "'lithophile models list' shows what there is."
    )
    raise InputError(message)


def card_of(name_or_path: str | Path) -> ModelCard:
    """Card of a released or trained model.

    Raises
    ------
    InputError
        When there is none.

    """
    path = Path(name_or_path)
    released = MODELS / f"{name_or_path}.safetensors"
    if "/" not in str(name_or_path) and released.is_file():
        path = released
    elif path.is_dir():
        path = _only_weights(path)
    return read_card(card_path(path))


def _check_options(dtype: str, device: str) -> None:
    if dtype not in ("float32", "float64"):
        message = (
            f"dtype must be 'float32' or 'float64'; got {dtype!r}. "
            "Take 'float64' for energy differences, 'float32' for long dynamics."
        )
        raise InputError(message)
    if device == "cpu":
        return
    import torch

    if device.partition(":")[0] != "cuda" or not torch.cuda.is_available():
        message = (
            f"device must be 'cpu', or 'cuda' on a machine with such a GPU; got "
            f"{device!r}. Give 'cpu'."
        )
        raise InputError(message)


def _members(text: str) -> list[str]:
    """Names of a committee's members, from a list or from a folder."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if len(names) == 1 and Path(names[0]).is_dir():
        found = sorted(map(str, Path(names[0]).glob("**/*.safetensors")))
        return found or names
    return names


def _only_weights(folder: Path) -> Path:
    found = sorted(folder.glob("*.safetensors"))
    if len(found) == 1:
        return found[0]
    if (folder / "committee.json").is_file():
        message = (
            f"model must be one potential; got {str(folder)!r}, which holds a "
            f"committee. Give 'committee:{folder}', or one of its members such as "
            f"'{folder / 'member-0'}'."
        )
        raise InputError(message)
    message = (
        f"model folder must hold exactly one .safetensors file; got {len(found)} in "
        f"{str(folder)!r}. Give the weights file itself, or finish the training run."
    )
    raise InputError(message)


def _load_weights(weights: Path, *, dtype: str, device: str) -> Potential:
    card = read_card(card_path(weights))
    content = read_checked_weights(card, weights)
    from mlip.mace_potential import MacePotential  # noqa: PLC0415 (imports torch)
    from mlip.weights import build_model, parse_weights  # noqa: PLC0415

    model = build_model(
        card.architecture, parse_weights(content), dtype=dtype, device=device
    )
    added = f"-{card.runtime_dispersion}" if card.runtime_dispersion else ""
    potential = MacePotential(
        model,
        name=card.name,
        level=card.level_of_theory.removesuffix(added),
        device=device,
    )
    potential.fingerprint = f"{dtype}, sha256 {card.weights_sha256[:12]}"
    if not added:
        return potential
    from mlip.dispersion_potential import DispersionPotential  # noqa: PLC0415

    corrected = DispersionPotential(potential)
    corrected.name, corrected.level = card.name, card.level_of_theory
    return corrected


def _load_pickled(
    path: Path, *, dtype: str, device: str, trust_model: bool
) -> "MacePotential":
    if not trust_model:
        message = (
            f"model {str(path)!r} must be trusted before it is opened, since a pickled "
            "file can execute any code; got trust_model=False. If you know where it "
            "comes from, give --trust-model (trust_model=True)."
        )
        raise InputError(message)
    from mlip.pickled_mace import load_pickled  # noqa: PLC0415 (imports torch)

    return load_pickled(
        path, name=path.stem, level="unstated", dtype=dtype, device=device
    )


def _load_universal(name: str, *, dtype: str, device: str) -> "MacePotential":
    size = name.removeprefix(_UNIVERSAL)
    if size not in _UNIVERSAL_SIZES:
        message = (
            f"mace-mp size must be one of {', '.join(_UNIVERSAL_SIZES)}; got {size!r}. "
            "Other files of mace-torch can be opened by path with --trust-model."
        )
        raise InputError(message)
    from mlip.pickled_mace import download_universal, load_pickled  # noqa: PLC0415

    with contextlib.redirect_stdout(sys.stderr):
        path = download_universal(size)
    return load_pickled(
        path, name=name, level="PBE+U (Materials Project)", dtype=dtype, device=device
    )
