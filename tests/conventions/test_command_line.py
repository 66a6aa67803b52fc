"""Commands, their options and their settings say the same thing everywhere."""

import inspect
import re
from pathlib import Path

import pytest
import typer
import yaml

from lithophile.application import application
from lithophile.schemas import SETTINGS, settings_model
from md.analysis.dissolution import dissolution
from md.analysis.mean_squared_displacement import mean_squared_displacement
from md.dynamics import DynamicsConfig
from structures.doping import build_doped
from structures.interface import build_interface
from structures.relaxation import relax

ROOT = Path(__file__).resolve().parents[2]


def _commands(group, prefix=()):
    for name, command in group.commands.items():
        path = (*prefix, name)
        if hasattr(command, "commands"):
            yield from _commands(command, path)
        else:
            yield " ".join(path), command


COMMANDS = dict(_commands(typer.main.get_command(application)))
PROMISED = (
    "run",
    "demo",
    "train",
    "evaluate",
    "models list",
    "models check",
    "build interface",
    "md",
    "analyze dissolution",
    "analyze msd",
    "export extxyz",
    "export xdatcar",
    "export dump",
    "export lammps",
    "report",
    "schema",
)


@pytest.mark.parametrize("name", PROMISED)
def test_promised_command_exists(name):
    assert name in COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_command_explains_itself_with_an_example(name):
    text = COMMANDS[name].help or ""
    assert "Example" in text
    assert f"lithophile {name}" in text


@pytest.mark.parametrize("name", SETTINGS)
def test_every_key_of_the_settings_is_described(name):
    schema = settings_model(name).model_json_schema()
    bare = [
        key for key, entry in schema["properties"].items() if "description" not in entry
    ]
    assert bare == []
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("name", [n for n in SETTINGS if n not in {"train", "demo"}])
def test_help_shows_the_default_that_is_used(name):
    fields = settings_model(name).model_fields
    for option in COMMANDS[name].params:
        field = fields.get(option.name)
        shown = option.show_default
        if field is None or field.default is None or not isinstance(shown, str):
            continue
        if field.default in (False, True):
            continue
        used = field.default
        if isinstance(used, tuple):
            used = " ".join(map(str, used))
        assert shown == str(used), f"{name} {option.name}"


@pytest.mark.parametrize(
    ("command", "function"),
    [
        ("build doped", build_doped),
        ("build interface", build_interface),
        ("relax", relax),
        ("analyze dissolution", dissolution),
        ("analyze msd", mean_squared_displacement),
    ],
)
def test_settings_have_the_defaults_of_the_library(command, function):
    fields = settings_model(command).model_fields
    parameters = inspect.signature(function).parameters
    shared = set(fields) & {
        name
        for name, parameter in parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    assert len(shared) >= 3
    for name in shared:
        given = fields[name].get_default(call_default_factory=True)
        if given == {}:
            given = None  # a mapping that holds nothing says "nothing given"
        assert given == parameters[name].default, name


def test_md_command_takes_every_key_of_the_dynamics():
    assert set(DynamicsConfig.model_fields) <= set(settings_model("md").model_fields)


@pytest.mark.parametrize(
    ("document", "command"),
    [("command_line.md", "run"), ("bring_your_own_data.md", "train")],
)
def test_documented_settings_are_valid(document, command):
    text = (ROOT / "docs" / document).read_text("utf-8")
    found = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    assert found
    for block in found:
        settings_model(command).model_validate(yaml.safe_load(block))


def _code_lines(path):
    inside = False
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("```"):
            inside = not inside
        elif inside:
            yield line.strip().removeprefix("$ ")


DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_documented_commands_exist(document):
    for line in _code_lines(document):
        words = line.split("#")[0].split()
        if words[:1] != ["lithophile"] or len(words) < 2 or words[1].startswith("-"):
            continue
        two = " ".join(words[1:3])
        name = two if two in COMMANDS else words[1]
        assert name in COMMANDS, line
        known = {flag for option in COMMANDS[name].params for flag in option.opts}
        used = {word.split("=")[0] for word in words if word.startswith("--")}
        assert used - {"--help"} <= known, line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_documented_make_targets_exist(document):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    for line in _code_lines(document):
        words = line.split("#")[0].split()
        if words[:1] == ["make"]:
            assert set(words[1:]) <= targets, line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(document):
    text = document.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (document.parent / target).exists(), target
    for target in re.findall(r"`((?:docs|scripts|tests)/[\w./-]+\.\w+)`", text):
        assert (ROOT / target).exists(), target
