"""``barriers`` and ``analyze structure`` as a user runs them."""

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read, write

from md.trajectory import TrajectoryWriter


def test_barriers_of_a_file(tmp_path, lithophile):
    """Bcc lithium in a tiny cell: few steps, and a file of images for the hop."""
    write(tmp_path / "li.extxyz", bulk("Li", "bcc", a=3.44))
    found = lithophile(
        *("barriers", "li.extxyz", "--smallest-height-A", "4", "--images", "1"),
        *("--cutoff-A", "3.2", "--fmax", "0.2", "--out", "b", "--json"),
    ).json
    (hop,) = found["hops"]
    assert {"from", "to", "distance_A", "barrier_eV"} <= set(hop)
    assert hop["distance_A"] == pytest.approx(3.44 * np.sqrt(3) / 2, rel=0.05)
    assert hop["multiplicity"] == 4
    assert found["percolation_eV"] == pytest.approx(hop["barrier_eV"], abs=0.05)
    assert len(read(tmp_path / hop["images"], ":")) == 3
    assert (tmp_path / found["figure"]).stat().st_size > 5_000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "structure must be given"),
        (("missing.cif",), "missing.cif"),
        (("Li2ZrCl6", "--images", "0"), "n_images"),
    ],
)
def test_wrong_input_is_one_message(words, message, lithophile):
    failed = lithophile("barriers", *words, code=2)
    assert message in failed.stderr


def test_structure_of_a_trajectory(tmp_path, lithophile):
    atoms = bulk("LiCl", "rocksalt", a=5.13, cubic=True) * 2
    rng = np.random.default_rng(1)
    with TrajectoryWriter(tmp_path / "run.h5", atoms) as writer:
        for step in range(6):
            moved = atoms.copy()
            moved.positions += rng.normal(0, 0.05, moved.positions.shape)
            writer.append(moved, step=step, time_ps=0.1 * step)
    found = lithophile(
        *("analyze", "structure", "run.h5", "--centre", "Li", "--ligand", "Cl"),
        *("--bin-A", "2.5", "--times", "2", "--json"),
    ).json
    assert found["bond_angles"]["coordination"] == 6
    assert found["bond_angles"]["mean_deg"] == pytest.approx(108, rel=0.02)
    assert found["radial_distribution"]["first_minimum"]["distance_A"] > 3
    assert len(found["order_profile"]["times_ps"]) == 2
    assert (tmp_path / found["figure"]).stat().st_size > 20_000
