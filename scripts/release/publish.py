"""Put a trained network into the package as the released potential.

The network of RUN learnt plain PBE; the release adds D3(BJ) whenever it is used.
Its errors are judged again for that sum, on the very split of the training run.

Example
-------
    python scripts/release/publish.py RUN --name li-zr-cl --folder mlip/models
"""

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

import yaml

from mlip import load_potential
from mlip.error_report import evaluate_errors
from mlip.model_card import card_path, read_card, write_card
from mlip.training_config import TrainingConfig
from mlip.training_setup import prepare_training

LEVEL = "PBE-D3(BJ)"
DOMAIN = (
    "Li, Zr and Cl at PBE-D3(BJ): Li metal, LiCl, ZrCl3, ZrCl4, layered and hcp-like "
    "Li2ZrCl6, small Li | Li2ZrCl6 interfaces up to their first reactions, Zr in Li, "
    "up to about 1000 K. Few labels of reaction products (LiCl | Li, Zr clusters, "
    "ZrCl2): look at them before you trust long runs. No Hf, O or other elements."
)


def main() -> None:
    """Copy the weights, judge them, write the card."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    source = arguments.run / "model.safetensors"
    target = arguments.folder / f"{arguments.name}.safetensors"
    arguments.folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    card = replace(
        read_card(card_path(source)),
        name=arguments.name,
        level_of_theory=LEVEL,
        runtime_dispersion="D3(BJ)",
        domain=DOMAIN,
    )
    write_card(card, card_path(target))
    values = yaml.safe_load((arguments.run / "config.yaml").read_text())
    values |= {"level": LEVEL, "dispersion": "runtime", "start_from": None}
    judged = prepare_training(TrainingConfig(**values)).judged
    potential = load_potential(target)
    parts = {
        "train": judged.train,
        "validation": judged.validation,
        "test": judged.test,
    }
    errors = {
        name: evaluate_errors(potential, part).to_json() for name, part in parts.items()
    }
    write_card(replace(card, errors=errors), card_path(target))
    for name, one in errors["test"]["groups"].items():
        print(
            f"{name:12s} {one['n_frames']:4d} frames "
            f"{one['energy_rmse_meV_per_atom']:7.1f} meV/atom "
            f"{one['force_rmse_meV_per_A']:7.1f} meV/Å "
            f"(rms force {one['rms_force_meV_per_A']:.0f})"
        )


if __name__ == "__main__":
    main()
