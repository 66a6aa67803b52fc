"""``lithophile models``: which potentials there are, and whether one is sound."""

from typing import Annotated

import typer

from lithophile.commands import options
from lithophile.console import voice

models = typer.Typer(help="Potentials: list them, check one.", no_args_is_help=True)


@models.command("list")
def list_models(*, as_json: options.AsJson = False) -> None:
    """Potentials that can be named after --model.

    The one marked as default is released with this program; chgnet comes with its
    own package; mace-mp is downloaded by mace-torch when it is first used.

    [bold]Example[/bold]

    lithophile models list --json
    """
    with voice(as_json=as_json) as say:
        from lithophile.stages.model_list import model_list

        say.result(model_list())


@models.command("check")
def check_model(
    ctx: typer.Context,
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            show_default="li-zr-cl",
            help="Name, weights file or folder of `train`.",
        ),
    ] = None,
    *,
    dtype: options.Dtype = None,
    device: options.Device = None,
    trust_model: options.TrustModel = None,
    config: options.Config = None,
    as_json: options.AsJson = False,
) -> None:
    """Check that a potential obeys what every potential must obey.

    Its file agrees with its card; forces are the gradient of the energy and stress
    its strain derivative; rotation, translation, permutation, wrapping and supercells
    change nothing; a batch gives what single calls give, and single precision what
    double gives; nothing jumps at the cutoff; every pair of elements repels at short
    distance. What a failed check means is printed with it.

    [bold]Example[/bold]

    lithophile models check li-zr-cl
    """
    with voice(as_json=as_json) as say:
        from lithophile.settings import ModelSettings
        from lithophile.settings_file import read_settings

        settings = read_settings(ModelSettings, file=config, options=ctx.params)
        from lithophile.stages.model_check import model_check

        say.result(model_check(settings))
