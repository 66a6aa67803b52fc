"""``lithophile screen``: compounds against electrodes, from tables of energies."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from lithophile.commands import options
from lithophile.console import voice

screen = typer.Typer(
    help="Compounds against lithium and other electrodes: reactions, window, dopants.",
    no_args_is_help=True,
)

OwnEntries = Annotated[
    Path | None,
    typer.Option(
        "--entries",
        metavar="FILE",
        show_default="none",
        help="Own entries (.json) that join the shipped ones of the same scheme.",
    ),
]
Scheme = Annotated[
    str | None,
    typer.Option(
        show_default="as their file states", help="Correction scheme of own entries."
    ),
]
OwnOnly = Annotated[
    bool | None,
    typer.Option(
        "--own-only",
        show_default="joined",
        help="Use own entries without the shipped ones.",
    ),
]
Compounds = Annotated[
    list[str] | None,
    typer.Option("--compound", metavar="FORMULA", help="Compound; may be repeated."),
]


@screen.command()
def reactions(
    ctx: typer.Context,
    *,
    compound: Annotated[
        str | None,
        typer.Option(metavar="FORMULA", help="Electrolyte; it needs no entry."),
    ] = None,
    dopant: Annotated[
        str | None,
        typer.Option(metavar="ION", help="Dopant of LLZO, instead of a compound."),
    ] = None,
    site: Annotated[
        str | None,
        typer.Option(metavar="ELEMENT", help="What the dopant replaces."),
    ] = None,
    content: Annotated[
        list[float] | None,
        typer.Option(
            show_default="0.25", help="Dopants per formula unit; may be repeated."
        ),
    ] = None,
    electrode: Annotated[
        str | None,
        typer.Option(
            metavar="FORMULA", show_default="Li", help="What it is in contact with."
        ),
    ] = None,
    energy: Annotated[
        str | None,
        typer.Option(
            metavar="hull|table|eV",
            show_default="hull",
            help="Energy of the compound relative to the elements (eV per formula "
            "unit), or where it is taken from.",
        ),
    ] = None,
    competing: Annotated[
        int | None,
        typer.Option(show_default="5", help="Competing reactions that are listed."),
    ] = None,
    gaps: Annotated[
        Literal["PBE", "measured"] | None,
        typer.Option(show_default="PBE", help="Band gaps that are used first."),
    ] = None,
    gap_threshold_eV: Annotated[
        float | None,
        typer.Option(
            "--gap-threshold-eV",
            show_default="2.0",
            help="Gap above which a product insulates (eV).",
        ),
    ] = None,
    entries: OwnEntries = None,
    scheme: Scheme = None,
    own_only: OwnOnly = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Reactions with growing amounts of an electrode, and with an excess of it.

    All kinks with balanced equations and energies, competing reactions, band gaps and
    volumes of the products. With --out the figures are written too.

    [bold]Examples[/bold]

    lithophile screen reactions --compound Li6.25La3Zr2Al0.25O12

    lithophile screen reactions --dopant Al3+ --site Li --content 0.125 --content 0.25

    lithophile screen reactions --compound Li6PS5Cl --electrode LiCoO2 --out argyrodite
    """
    with voice(as_json=as_json) as say:
        from lithophile.screening_settings import ReactionsSettings
        from lithophile.settings_file import read_settings

        given: dict[str, Any] = {**ctx.params, "content": content or None}
        settings = read_settings(
            ReactionsSettings, file=config, options=_as_text(given, "entries")
        )
        from lithophile.stages.reactions import reactions_stage

        result = reactions_stage(settings, out=out, overwrite=overwrite)
        if not as_json:
            from lithophile.reaction_tables import readable

            result = readable(result)
        say.result(result)


@screen.command()
def window(
    ctx: typer.Context,
    *,
    compound: Compounds = None,
    ion: Annotated[
        str | None,
        typer.Option(
            metavar="ELEMENT", show_default="Li", help="Metal of the other electrode."
        ),
    ] = None,
    entries: OwnEntries = None,
    scheme: Scheme = None,
    own_only: OwnOnly = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Electrochemical window: voltages of reduction and oxidation against the metal.

    [bold]Examples[/bold]

    lithophile screen window --compound Li7La3Zr2O12

    lithophile screen window --compound Li2ZrCl6 --compound Li3YCl6 --out windows
    """
    with voice(as_json=as_json) as say:
        from lithophile.screening_settings import WindowSettings
        from lithophile.settings_file import read_settings

        given: dict[str, Any] = {**ctx.params, "compound": compound or None}
        settings = read_settings(
            WindowSettings, file=config, options=_as_text(given, "entries")
        )
        from lithophile.stages.reactions import window_stage

        result = window_stage(settings, out=out, overwrite=overwrite)
        if not as_json:
            from lithophile.reaction_tables import readable_windows

            result = readable_windows(result)
        say.result(result)


@screen.command()
def stability(
    ctx: typer.Context,
    *,
    compound: Compounds = None,
    electrode: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMULA", show_default="Li", help="Electrode; may be repeated."
        ),
    ] = None,
    entries: OwnEntries = None,
    scheme: Scheme = None,
    own_only: OwnOnly = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    r"""Chemical stability map: strongest reaction of each compound with each electrode.

    [bold]Example[/bold]

    lithophile screen stability --compound Li7La3Zr2O12 --compound Li6PS5Cl \
        --electrode Li --electrode LiCoO2 --out map
    """
    with voice(as_json=as_json) as say:
        from lithophile.screening_settings import StabilitySettings
        from lithophile.settings_file import read_settings

        given: dict[str, Any] = {
            **ctx.params,
            "compound": compound or None,
            "electrode": electrode or None,
        }
        settings = read_settings(
            StabilitySettings, file=config, options=_as_text(given, "entries")
        )
        from lithophile.stages.reactions import stability_stage

        result = stability_stage(settings, out=out, overwrite=overwrite)
        if not as_json:
            from lithophile.reaction_tables import readable_map

            result = readable_map(result)
        say.result(result)


def _as_text(given: dict[str, Any], name: str) -> dict[str, Any]:
    """Options with a path written as the settings hold it."""
    value = given[name]
    return {**given, name: None if value is None else str(value)}
