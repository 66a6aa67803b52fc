"""The rooms' names are short and one is taken on PyPI: they must be ours."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("training_data", "mlip", "structures", "md", "screening", "lithophile")


@pytest.mark.parametrize("room", ROOMS)
def test_room_resolves_to_this_repository(room):
    spec = importlib.util.find_spec(room)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).resolve() == ROOT / room / "__init__.py"


def test_no_drawer_for_everything():
    forbidden = {"utils", "helpers", "common", "misc"}
    found = [
        path
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.stem in forbidden
    ]
    assert found == []


def test_no_file_is_longer_than_four_hundred_lines():
    long = {
        str(path.relative_to(ROOT)): n_lines
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if (n_lines := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert long == {}
