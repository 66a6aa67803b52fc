"""A walk over everything public: documented, frozen, keyword-only, free of traps."""

import dataclasses
import importlib
import inspect
import pkgutil

import pytest

ROOMS = ("training_data", "mlip", "structures", "md", "screening")
MOST_POSITIONAL = 3


def _modules():
    for room in ROOMS:
        package = importlib.import_module(room)
        yield package
        for info in pkgutil.walk_packages(package.__path__, f"{room}."):
            if "__main__" not in info.name:
                yield importlib.import_module(info.name)


MODULES = list(_modules())
OBJECTS = sorted(
    {
        (f"{module.__name__}.{name}", thing)
        for module in MODULES
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and getattr(thing, "__module__", None) == module.__name__
        and (inspect.isclass(thing) or inspect.isfunction(thing))
    },
    key=lambda pair: pair[0],
)
FUNCTIONS = [pair for pair in OBJECTS if inspect.isfunction(pair[1])]
CLASSES = [pair for pair in OBJECTS if inspect.isclass(pair[1])]
RESULTS = [
    pair
    for pair in CLASSES
    if dataclasses.is_dataclass(pair[1])
    and (pair[0].endswith("Result") or pair[0].startswith("md.analysis."))
    and hasattr(pair[1], "to_json")
]
METHODS = [
    (f"{name}.{attribute}", inspect.unwrap(method))
    for name, cls in CLASSES
    for attribute, method in vars(cls).items()
    if inspect.isfunction(method)
    and not attribute.startswith("_")
    and not any(  # the signature is given by another package
        hasattr(base, attribute)
        for base in cls.__mro__
        if base.__module__.split(".")[0] not in ROOMS
    )
]
EXPORTED = {
    id(vars(module)[name])
    for module in MODULES
    for name in getattr(module, "__all__", ())
}
VERBS = ("build_", "read_", "write_", "load_", "relax", "search")
INTERFACE = [
    (name, function)
    for name, function in FUNCTIONS
    if id(function) in EXPORTED
    or (name.startswith("md.analysis.") and name.split(".")[-1] == name.split(".")[-2])
    or (name.startswith("structures.") and name.split(".")[-1].startswith(VERBS))
]
"""Functions that users and other rooms call; the rest serves within a room."""


def _ids(pairs):
    return [name for name, _ in pairs]


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_module_says_what_it_is(module):
    assert (module.__doc__ or "").strip()


@pytest.mark.parametrize(("name", "thing"), OBJECTS, ids=_ids(OBJECTS))
def test_public_object_is_documented(name, thing):
    assert inspect.getdoc(thing), name


@pytest.mark.parametrize(
    ("name", "function"), FUNCTIONS + METHODS, ids=_ids(FUNCTIONS + METHODS)
)
def test_no_default_can_be_changed_by_a_caller(name, function):
    changeable = (list, dict, set, bytearray)
    for parameter in inspect.signature(function).parameters.values():
        assert not isinstance(parameter.default, changeable), f"{name}({parameter})"


@pytest.mark.parametrize(("name", "function"), INTERFACE, ids=_ids(INTERFACE))
def test_options_are_keyword_only(name, function):
    """Only the first argument, and inputs without a default, may go by position."""
    parameters = list(inspect.signature(function).parameters.values())
    positional = [
        p for p in parameters if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    assert len(positional) <= MOST_POSITIONAL, name
    optional = [
        p.name
        for p in positional[1:]
        if p.default is not inspect.Parameter.empty and p.name != "ax"
    ]
    assert optional == [], f"{name}: {optional}"


@pytest.mark.parametrize(("name", "function"), INTERFACE, ids=_ids(INTERFACE))
def test_every_parameter_is_explained(name, function):
    parameters = [
        p for p in inspect.signature(function).parameters if not p.startswith("_")
    ]
    if len(parameters) < 3:
        return
    text = inspect.getdoc(function) or ""
    missing = [p for p in parameters if p not in text]
    assert missing == [], name


@pytest.mark.parametrize(("name", "cls"), RESULTS, ids=_ids(RESULTS))
def test_result_is_frozen_and_keyword_only(name, cls):
    assert cls.__dataclass_params__.frozen, name
    assert all(field.kw_only for field in dataclasses.fields(cls) if field.init), name


@pytest.mark.parametrize(("name", "cls"), RESULTS, ids=_ids(RESULTS))
def test_result_explains_every_field(name, cls):
    text = inspect.getdoc(cls) or ""
    missing = [f.name for f in dataclasses.fields(cls) if f.name not in text]
    assert missing == [], name


@pytest.mark.parametrize(
    ("name", "cls"),
    [pair for pair in RESULTS if pair[0].startswith("md.")],
    ids=_ids([pair for pair in RESULTS if pair[0].startswith("md.")]),
)
def test_observable_plots_on_given_axes(name, cls):
    assert list(inspect.signature(cls.plot).parameters)[:2] == ["self", "ax"], name


def test_walk_sees_the_house():
    """The walk itself can fail: it must see the objects that everything hangs on."""
    seen = {name for name, _ in OBJECTS}
    expected = {
        "training_data.dataset.Dataset",
        "mlip.potential.Potential",
        "structures.interface.build_interface",
        "md.dynamics.simulate.simulate",
        "md.trajectory.reader.open_trajectory",
    }
    assert expected <= seen
    interface = {name for name, _ in INTERFACE}
    assert {
        "md.analysis.dissolution.dissolution",
        "md.dynamics.simulate.simulate",
        "mlip.registry.load_potential",
        "structures.relaxation.relax",
        "training_data.reading.read_dataset",
    } <= interface
