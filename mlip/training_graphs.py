"""Labelled frames as the graphs that mace-torch trains on, built once."""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlip.mace_import import import_mace
from training_data import Dataset

if TYPE_CHECKING:
    import torch

_KEYS = {
    "energy_key": "REF_energy",
    "forces_key": "REF_forces",
    "stress_key": "REF_stress",
}
# largest relative difference between a label and the same number in float32
_ROUNDING = 1.2e-7
_QUANTITIES = ("energy", "forces", "stress")


def build_graphs(
    dataset: Dataset,
    *,
    numbers: Sequence[int],
    r_max_A: float,
    config_type_weights: Mapping[str, float] | None = None,
) -> list[Any]:
    """Neighbour graphs with labels and weights, in torch's default precision.

    mace-torch ignores labels under other keys without a word, so every graph is
    compared with the frame that it came from.

    Parameters
    ----------
    dataset
        Frames with REF_ labels.
    numbers
        Atomic numbers that the model knows, ascending.
    r_max_A
        Cutoff, Å.
    config_type_weights
        Factor on the errors of each kind of system; 1 where it is missing.

    Returns
    -------
    list of mace.data.AtomicData

    Raises
    ------
    RuntimeError
        When mace-torch did not take over a label: never with the pinned versions.

    """
    import_mace()
    with warnings.catch_warnings(action="ignore"):
        from mace import data, tools  # noqa: PLC0415

    weights = {} if config_type_weights is None else config_type_weights
    keys = data.update_keyspec_from_kwargs(data.KeySpecification(), _KEYS)
    table = tools.AtomicNumberTable(list(numbers))
    graphs = []
    for index, atoms in enumerate(dataset):
        weight = weights.get(str(atoms.info.get("config_type", "")), 1.0)
        # In property weights, since mace's Huber loss reads no other.
        atoms.info.update({f"config_{q}_weight": weight for q in _QUANTITIES})
        frame = data.config_from_atoms(atoms, key_specification=keys)
        graph = data.AtomicData.from_config(frame, z_table=table, cutoff=r_max_A)
        _check_labels(graph, atoms.info, atoms.arrays, index=index, weight=weight)
        graphs.append(graph)
    return graphs


def build_loader(
    graphs: Sequence[Any],
    *,
    batch_size: int,
    generator: "torch.Generator | None" = None,
) -> Any:  # noqa: ANN401 -- mace ships no types
    """Batches of graphs, shuffled when a generator is given.

    Parameters
    ----------
    graphs
        Result of `build_graphs`.
    batch_size
        Frames per batch.
    generator
        Source of the shuffling.

    Returns
    -------
    mace.tools.torch_geometric.dataloader.DataLoader

    """
    import_mace()
    with warnings.catch_warnings(action="ignore"):
        from mace.tools import torch_geometric  # noqa: PLC0415

    return torch_geometric.dataloader.DataLoader(
        list(graphs),
        batch_size=batch_size,
        shuffle=generator is not None,
        generator=generator,
        num_workers=0,
    )


def _check_labels(
    graph: Any,  # noqa: ANN401
    info: Mapping[str, Any],
    arrays: Mapping[str, Any],
    *,
    index: int,
    weight: float,
) -> None:
    stress = info.get("REF_stress")
    taken = {
        "energy": _near(graph.energy, np.asarray(info["REF_energy"])),
        "forces": _near(graph.forces, arrays["REF_forces"]),
        "stress": stress is None or _near(graph.stress[0], _full(stress)),
        "energy_weight": float(graph.energy_weight) == np.float32(weight),
        "stress_weight": (float(graph.stress_weight) == 0) == (stress is None)
        or weight == 0,
    }
    lost = [name for name, ok in taken.items() if not ok]
    if lost:
        raise RuntimeError(
            f"mace-torch must take over every label; frame {index} lost {lost}. "
            "Install the pinned version (constraints.txt)."
        )


def _near(graph_value: Any, label: np.ndarray) -> bool:  # noqa: ANN401
    difference = np.abs(np.asarray(graph_value) - label).max()
    return bool(difference <= _ROUNDING * float(np.abs(label).max()))


def _full(stress: np.ndarray) -> np.ndarray:
    xx, yy, zz, yz, xz, xy = stress
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
