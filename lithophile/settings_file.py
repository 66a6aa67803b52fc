"""Settings: a YAML or TOML file, overridden by options, checked as a whole."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from training_data.errors import InputError

S = TypeVar("S", bound=BaseModel)


def read_settings(
    model: type[S], *, file: Path | None, options: Mapping[str, Any]
) -> S:
    """Read the settings of one command.

    Options override the file; everything that is wrong is listed at once.

    Parameters
    ----------
    model
        pydantic model of the command's settings.
    file
        YAML file, or TOML when its name ends in ``.toml``; ``None`` for options
        alone.
    options
        Options of the command line; those that are ``None`` were not given, and
        those that `model` does not know belong to the command itself.

    Raises
    ------
    InputError
        Missing or unreadable file, unknown keys, values of the wrong kind.

    """
    values = read_mapping(file) if file else {}
    known = model.model_fields
    given = {k: v for k, v in options.items() if v is not None and k in known}
    return validate(model, {**values, **given}, source=str(file or "options"))


def validate(model: type[S], values: Mapping[str, Any], *, source: str) -> S:
    """Make settings from values, or one error that lists all that is wrong.

    Examples
    --------
    >>> class Walk(BaseModel, extra="forbid"):
    ...     n_steps: int
    >>> validate(Walk, {"n_step": 3}, source="a.yaml")
    Traceback (most recent call last):
    ...
    training_data.errors.InputError: settings must be free of errors; got 2 in a.yaml:
      n_steps must be given.
      n_step must be a known key; got 3. Did you mean n_steps?

    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        found = error.errors(include_url=False)
        lines = [f"  {_describe(model, dict(entry))}" for entry in found]
        head = f"settings must be free of errors; got {len(lines)} in {source}:"
        raise InputError("\n".join([head, *lines])) from None


def read_mapping(file: Path) -> dict[str, Any]:
    """Keys and values of a YAML or TOML file.

    Raises
    ------
    InputError
        When the file is missing, not text, not YAML/TOML, or no mapping.

    """
    try:
        text = Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            f"config must be an existing file; got '{file}'. "
            "`lithophile schema COMMAND` prints what it may contain."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"config must be a readable text file; got '{file}' ({error})."
        ) from None
    try:
        content = (
            tomllib.loads(text)
            if Path(file).suffix == ".toml"
            else yaml.safe_load(text)
        )
    except (yaml.YAMLError, tomllib.TOMLDecodeError) as error:
        where = " ".join(str(error).split())
        raise InputError(
            f"config must be YAML (or TOML in a .toml file); got '{file}': {where}."
        ) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(
            f"config must be a mapping of keys to values; got '{file}' with a "
            f"{type(content).__name__}. Write `key: value` lines."
        )
    return content


def _describe(model: type[BaseModel], error: dict[str, Any]) -> str:
    path = ".".join(str(part) for part in error["loc"]) or "settings"
    given = _shown(error["input"])
    given = given if len(given) <= 80 else f"{given[:77]}…"  # noqa: PLR2004
    if error["type"] == "missing":
        return f"{path} must be given."
    if error["type"] == "extra_forbidden":
        return (
            f"{path} must be a known key; got {given}. {_remedy(model, error['loc'])}"
        )
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    message = message.replace("should be", "must be").rstrip(".")
    message = message.replace("must be a valid tuple", "must be a list of values")
    message = message.replace("must be a valid list", "must be a list of values")
    message = message.replace("must be a valid dictionary", "must be keys and values")
    message = re.sub(r"(keys and values) or instance of \w+", r"\1", message)
    if error["type"] == "value_error" and "; got " in message:
        # it compares several keys and says itself what was given
        return f"{path}: {message}." if error["loc"] else f"{message}."
    if message.startswith("must be"):
        return f"{path} {message}; got {given}."
    return f"{path}: {message}; got {given}."


def _shown(value: Any) -> str:  # noqa: ANN401
    """Text of a value as it stands in a file, without names of our own classes."""
    if isinstance(value, Path):
        return repr(str(value))
    if isinstance(value, BaseModel):
        return _shown(value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{k}: {_shown(v)}' for k, v in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return repr(value)


def _remedy(model: type[BaseModel], location: tuple[str | int, ...]) -> str:
    known = _keys_beside(model, location)
    close = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Known here: {', '.join(sorted(known))}." if known else "Remove it."


def _keys_beside(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """Known keys at the place of `location`, found by following the schema."""
    schema = model.model_json_schema()
    node: Any = schema
    for part in location[:-1]:
        node = _child(schema, node, part)
    return list(_resolved(schema, node).get("properties", {}))


def _child(schema: dict[str, Any], node: Any, part: str | int) -> Any:  # noqa: ANN401
    resolved = _resolved(schema, node)
    if isinstance(part, int):
        return resolved.get("items", {})
    return resolved.get("properties", {}).get(part, {})


def _resolved(schema: dict[str, Any], node: Any) -> dict[str, Any]:  # noqa: ANN401
    """Follow a reference, and take the mapping of a union."""
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        return dict(schema.get("$defs", {}).get(name, {}))
    for option in node.get("anyOf", []):
        resolved = _resolved(schema, option)
        if "properties" in resolved or "items" in resolved:
            return resolved
    return dict(node)
