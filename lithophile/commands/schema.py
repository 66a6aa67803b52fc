"""``lithophile schema``: what a configuration file may contain."""

import json
from typing import Annotated

import typer


def schema(
    command: Annotated[
        list[str],
        typer.Argument(metavar="COMMAND", help="Command: train, md, analyze msd, …"),
    ],
) -> None:
    """Print the JSON schema of a command's configuration file.

    [bold]Examples[/bold]

    lithophile schema train

    lithophile schema analyze dissolution
    """
    from lithophile.schemas import settings_model

    model = settings_model(" ".join(command))
    typer.echo(json.dumps(model.model_json_schema(), indent=2, ensure_ascii=False))
