"""Every example in a docstring runs and gives the answer that stands there."""

import doctest
import importlib
import pkgutil

import pytest

ROOMS = ("training_data", "mlip", "structures", "md", "screening", "lithophile")


def _with_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    for room in ROOMS:
        package = importlib.import_module(room)
        names = [
            info.name
            for info in pkgutil.walk_packages(package.__path__, f"{room}.")
            if not info.name.endswith("__main__")
        ]
        for name in [room, *names]:
            module = importlib.import_module(name)
            yield from (test for test in finder.find(module) if test.examples)


EXAMPLES = sorted(_with_examples(), key=lambda test: test.name)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda test: test.name)
def test_example_is_true(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    said: list[str] = []
    outcome = runner.run(example, out=said.append, clear_globs=False)
    assert outcome.failed == 0, "".join(said)


def test_there_are_examples_in_every_room_with_code():
    rooms = {example.name.split(".")[0] for example in EXAMPLES}
    assert {"training_data", "mlip", "structures", "md", "lithophile"} <= rooms
