"""Join label files to the shipped data set and write its card.

Frames keep their order and older frames never change, so that the division by
hash stays what it was. The card (cards.json and NAME.md) is made from the file.

Example
-------
    python scripts/release/build_dataset.py first.extxyz labels.extxyz \
        --name li-zr-cl-pbe --folder training_data/data
"""

import argparse
import hashlib
import json
from collections import Counter
from functools import reduce
from pathlib import Path

from training_data import Dataset, read_dataset, write_dataset

DROPPED = ("frame_hash",)


def table(dataset: Dataset) -> str:
    """Write counts per kind of system and per group, as Markdown."""
    lines = ["| config_type | frames | atoms | groups |", "|---|---|---|---|"]
    for kind in sorted(set(dataset.config_types)):
        part = dataset.where(lambda f, kind=kind: f.info["config_type"] == kind)
        counts = Counter(part.group_ids)
        groups = ", ".join(f"{name} ({n})" for name, n in sorted(counts.items()))
        lines.append(f"| {kind} | {len(part)} | {part.n_atoms} | {groups} |")
    return "\n".join(lines)


def main() -> None:
    """Read, join, write file and card."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    dataset = reduce(Dataset.joined, map(read_dataset, arguments.files))
    for frame in dataset.frames:
        for key in DROPPED:
            frame.info.pop(key, None)
    path = arguments.folder / f"{arguments.name}.extxyz"
    write_dataset(dataset, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    index = arguments.folder / "cards.json"
    cards = json.loads(index.read_text()) if index.exists() else {}
    cards[arguments.name] = {
        "file": path.name,
        "sha256": digest,
        "level_of_theory": dataset.level.name,
        "code": dataset.level.code,
        "licence": "CC0-1.0",
        "n_frames": len(dataset),
        "n_atoms": dataset.n_atoms,
        "config_types": dict(sorted(Counter(dataset.config_types).items())),
    }
    index.write_text(json.dumps(cards, indent=1) + "\n")
    card = arguments.folder / f"{arguments.name}.md"
    text = card.read_text() if card.exists() else ""
    head, _, _ = text.partition("<!-- counts -->")
    counts = (
        f"<!-- counts -->\n\n## Counts\n\n{len(dataset)} frames, {dataset.n_atoms} "
        f"atoms, sha256 `{digest}`.\n\n{table(dataset)}\n"
    )
    card.write_text(head + counts)
    print(f"{path}: {len(dataset)} frames, sha256 {digest}")


if __name__ == "__main__":
    main()
