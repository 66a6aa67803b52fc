"""A MACE network from a plain description, and back."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase.data import atomic_numbers

from mlip.mace_import import import_mace
from mlip.training_config import ArchitectureConfig

_INTERACTION = "RealAgnosticResidualInteractionBlock"


def describe_architecture(
    config: ArchitectureConfig,
    *,
    reference_energies_eV: Mapping[str, float],
    average_neighbours: float,
    force_scale_eV_per_A: float,
) -> dict[str, Any]:
    """Everything that `build_mace` needs, as plain JSON values.

    Parameters
    ----------
    config
        Shape of the network.
    reference_energies_eV
        Energy per atom of every element that the model knows, eV.
    average_neighbours
        Mean number of neighbours within the cutoff: messages are divided by it.
    force_scale_eV_per_A
        Factor on the network's output: the rms force of the training set.

    Returns
    -------
    dict

    """
    species = sorted(reference_energies_eV, key=lambda s: atomic_numbers[s])
    irreps = "+".join(
        f"{config.channels}x{degree}{'eo'[degree % 2]}"
        for degree in range(config.max_L + 1)
    )
    return {
        "kind": "ScaleShiftMACE",
        "r_max": config.r_max_A,
        "num_bessel": config.n_radial,
        "num_polynomial_cutoff": config.cutoff_order,
        "max_ell": config.max_ell,
        "interaction": _INTERACTION,
        "interaction_first": _INTERACTION,
        "num_interactions": config.n_interactions,
        "hidden_irreps": irreps,
        "MLP_irreps": f"{config.readout_channels}x0e",
        "correlation": config.correlation,
        "gate": "silu",
        "radial_type": "bessel",
        "radial_MLP": list(config.radial_layers),
        "pair_repulsion": config.pair_repulsion,
        "atomic_numbers": [atomic_numbers[s] for s in species],
        "atomic_energies": [float(reference_energies_eV[s]) for s in species],
        "avg_num_neighbors": float(average_neighbours),
        "atomic_inter_scale": float(force_scale_eV_per_A),
        "atomic_inter_shift": 0.0,
    }


def build_mace(architecture: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Network with random weights, in torch's default precision.

    Parameters
    ----------
    architecture
        Result of `describe_architecture`, or the same read from a model card.

    Returns
    -------
    mace.modules.ScaleShiftMACE

    """
    import torch

    modules = import_mace()  # before e3nn, which it imports quietly
    from e3nn import o3  # noqa: PLC0415

    plain: Sequence[str] = (
        "r_max",
        "num_bessel",
        "num_polynomial_cutoff",
        "max_ell",
        "num_interactions",
        "correlation",
        "radial_type",
        "radial_MLP",
        "pair_repulsion",
        "atomic_numbers",
        "avg_num_neighbors",
        "atomic_inter_scale",
        "atomic_inter_shift",
    )
    # e3nn and torch deprecate what they use of each other
    with warnings.catch_warnings(action="ignore"):
        network = modules.ScaleShiftMACE(
            **{key: architecture[key] for key in plain},
            num_elements=len(architecture["atomic_numbers"]),
            interaction_cls=modules.interaction_classes[architecture["interaction"]],
            interaction_cls_first=modules.interaction_classes[
                architecture["interaction_first"]
            ],
            hidden_irreps=o3.Irreps(architecture["hidden_irreps"]),
            MLP_irreps=o3.Irreps(architecture["MLP_irreps"]),
            gate=modules.gate_dict[architecture["gate"]],
            atomic_energies=np.asarray(architecture["atomic_energies"], dtype=float),
        )
    return network.to(torch.get_default_dtype())
