"""What a run needs is known before it runs, and what does not fit is refused."""

import os
import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from mlip import (
    AsePotential,
    CommitteePotential,
    MemoryReport,
    load_potential,
    probe_memory,
    with_engine,
)
from mlip.memory_probe import _reclaimable, free_memory, peak_bytes
from structures.prototypes import build_prototype
from training_data import InputError


@pytest.fixture(scope="module")
def network():
    return load_potential("li-zr-cl").base


def halide(*repeat: int) -> Atoms:
    atoms = build_prototype("Li2ZrCl6").repeat(repeat)
    atoms.rattle(0.05, seed=0)
    return atoms


def slab() -> Atoms:
    """Return a slab of salt on vacuum under a lump of lithium: not uniform."""
    atoms = halide(4, 4, 2)
    atoms.center(vacuum=12.0, axis=2)
    lump = bulk("Li", "bcc", a=3.5, cubic=True) * 3
    lump.positions += (3.0, 3.0, atoms.positions[:, 2].max() + 2.5)
    return atoms + lump


@pytest.mark.parametrize("engine", ["fast", "plain"])
@pytest.mark.parametrize("make", [lambda: halide(4, 4, 3), slab])
def test_estimate_is_what_the_whole_structure_takes(network, engine, make) -> None:
    """At most 5 % too low and 30 % too high: the margin is a quarter."""
    potential = with_engine(network, engine=engine)
    atoms = make()
    session = potential.session(atoms)
    taken = peak_bytes(
        lambda: session.evaluate(atoms.positions, atoms.cell.array), "cpu"
    )
    needed = probe_memory(potential, atoms).needed_bytes
    assert 0.95 < needed / taken < 1.3


def test_peak_of_a_known_sequence() -> None:
    """Two arrays of 8 MB at once, a third only after the first is gone."""
    import torch

    def call() -> None:
        first = torch.zeros(1_000_000, dtype=torch.float64)
        second = first + 1.0
        del first
        third = second + 1.0
        del second, third

    np.testing.assert_allclose(peak_bytes(call, "cpu"), 16e6, rtol=1e-3)


def test_probe_says_nothing_on_the_terminal(network, capfd) -> None:
    probe_memory(network, halide(2, 2, 2))
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_structure_that_cannot_fit_is_refused_before_it_is_tried(network) -> None:
    """As many atoms as take more than is free, in double precision, plainly."""
    free = free_memory("cpu")
    if not free < 60 * 2**30:
        pytest.skip("so much memory is free that listing the pairs takes long")
    plain = with_engine(network, engine="plain")
    per_atom = probe_memory(plain, halide(4, 3, 2)).needed_bytes / 216
    edge = int(np.ceil((free / per_atom / 9) ** (1 / 3)))
    atoms = halide(edge, edge, edge)
    with pytest.raises(InputError, match=r"free memory of cpu.*GiB.*Up to about"):
        probe_memory(plain, atoms).require_enough()


def test_remedy_names_the_atoms_that_fit() -> None:
    report = MemoryReport(
        device="cuda",
        n_atoms=10_000,
        n_pairs=400_000,
        needed_bytes=8 * 2.0**30,
        free_bytes=5 * 2.0**30,
    )
    assert not report.enough
    with pytest.raises(InputError, match=r"8\.00 GiB.*5\.00 GiB.*about 5000 atoms"):
        report.require_enough()


@pytest.mark.parametrize("missing", ["needed_bytes", "free_bytes"])
def test_what_is_not_known_refuses_nothing(missing: str) -> None:
    numbers = {"needed_bytes": 8e9, "free_bytes": 1e9, missing: float("nan")}
    report = MemoryReport(device="cpu", n_atoms=1, n_pairs=0, **numbers)
    assert report.require_enough() is report
    assert None in report.to_json().values()


def test_committee_needs_one_network_and_all_lists(network) -> None:
    atoms = halide(3, 3, 2)
    alone = probe_memory(network, atoms)
    pair = probe_memory(CommitteePotential([network, network]), atoms)
    assert alone.needed_bytes < pair.needed_bytes < 1.2 * alone.needed_bytes


def test_lone_atoms_and_other_potentials(network) -> None:
    assert probe_memory(network, Atoms("Li", [[0, 0, 0]])).needed_bytes > 0
    assert probe_memory(AsePotential(EMT), bulk("Cu")).enough


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_free_memory_is_less_than_there_is() -> None:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < free_memory("cpu") < total


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sets a limit")
def test_limit_of_the_process_counts() -> None:
    code = (
        "import resource; from mlip.memory_probe import free_memory; "
        "resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32)); "
        "print(free_memory('cpu') < 2**32)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"


def test_page_cache_of_a_group_is_free(tmp_path) -> None:
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 4096\n", "ascii")
    assert _reclaimable(tmp_path) == 4096
    assert _reclaimable(tmp_path / "absent") == 0


def test_a_precision_that_is_taken_already_is_no_remedy(network) -> None:
    assert probe_memory(network, halide(1, 1, 1)).dtype == "float64"
    numbers = {"needed_bytes": 8e9, "free_bytes": 1e9, "n_atoms": 10, "n_pairs": 9}
    for dtype, advised in (("float32", False), ("float64", True)):
        report = MemoryReport(device="cpu", dtype=dtype, **numbers)
        with pytest.raises(InputError) as told:
            report.require_enough()
        assert ("--dtype float32" in str(told.value)) is advised
