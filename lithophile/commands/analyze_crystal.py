"""``lithophile analyze crystal`` and ``analyze xrd``: what a structure is."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from lithophile.commands import options
from lithophile.commands.analyze import analyze
from lithophile.console import voice

Structures = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME|FILE…", help="Prototypes by name, or structure files."
    ),
]


@analyze.command()
def crystal(
    ctx: typer.Context,
    structures: Structures = None,
    *,
    tolerance_A: Annotated[
        float | None,
        typer.Option(
            "--tolerance-A",
            show_default="0.01",
            help="Distance within which sites are equivalent (Å).",
        ),
    ] = None,
    centre: Annotated[
        str | None,
        typer.Option(
            show_default="all cations", help="Element at the centres of polyhedra."
        ),
    ] = None,
    ligand: Annotated[
        str | None,
        typer.Option(
            show_default="the most electronegative", help="Element around them."
        ),
    ] = None,
    scale: Annotated[
        bool | None,
        typer.Option(
            "--scale",
            show_default="not scaled",
            help="Compare at equal volume per atom: same type, not same structure.",
        ),
    ] = None,
    site_tolerance_A: Annotated[
        float | None,
        typer.Option(
            "--site-tolerance-A",
            show_default="0.5",
            help="Largest distance of the sites of duplicates (Å); 0.15 for relaxed "
            "structures, so that paired and ideal chains of metal stay apart.",
        ),
    ] = None,
    fingerprint_tolerance: Annotated[
        float | None,
        typer.Option(
            show_default="0.15", help="Largest distance of their fingerprints."
        ),
    ] = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Space group, density, coordination and connectivity; duplicates of several.

    With --centre Zr the rule of the layered halides is checked: no two ZrCl6 share an
    edge.

    [bold]Examples[/bold]

    lithophile analyze crystal Li2ZrCl6 --centre Zr

    lithophile analyze crystal minima.extxyz --tolerance-A 0.05 --out distinct
    """
    with voice(as_json=as_json) as say:
        from lithophile.crystal_settings import CrystalSettings
        from lithophile.settings_file import read_settings

        given = {**ctx.params, "structures": structures or None}
        settings = read_settings(CrystalSettings, file=config, options=given)
        from lithophile.stages.crystal_analysis import crystal_stage

        say.result(crystal_stage(settings, out=out, overwrite=overwrite))


@analyze.command()
def xrd(
    ctx: typer.Context,
    structures: Structures = None,
    *,
    pattern: Annotated[
        Path | None,
        typer.Option(
            metavar="MEASURED",
            show_default="none",
            help="Measured pattern (.xy, .xye, .csv): angle, intensity, error.",
        ),
    ] = None,
    wavelength: Annotated[
        str | None,
        typer.Option(
            metavar="LINE|Å", show_default="CuKa", help="X-ray line or wavelength (Å)."
        ),
    ] = None,
    two_theta: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--two-theta",
            metavar="FIRST LAST",
            show_default="5.0 90.0",
            help="Range of the scattering angle (°).",
        ),
    ] = None,
    debye_waller_B_A2: Annotated[
        float | None,
        typer.Option(
            "--debye-waller-B-A2",
            show_default="1.0",
            help="Isotropic displacement parameter (Å²).",
        ),
    ] = None,
    polarisation: Annotated[
        float | None,
        typer.Option(
            show_default="0.5", help="Share polarised in the plane of diffraction."
        ),
    ] = None,
    monochromator_two_theta_deg: Annotated[
        float | None,
        typer.Option(
            "--monochromator-deg",
            show_default="0.0",
            help="Scattering angle of the monochromator (°); graphite with Cu: 26.6.",
        ),
    ] = None,
    fwhm_deg: Annotated[
        float | None,
        typer.Option("--fwhm", show_default="0.1", help="Width of the peaks (°)."),
    ] = None,
    eta: Annotated[
        float | None,
        typer.Option(show_default="0.5", help="Share of the Lorentzian."),
    ] = None,
    refine: Annotated[
        str | None,
        typer.Option(
            metavar="WORDS",
            show_default="zero lattice width mixing",
            help="What is adjusted to the measurement; 'none' for nothing.",
        ),
    ] = None,
    n_background: Annotated[
        int | None,
        typer.Option(show_default="6", help="Polynomials of the background."),
    ] = None,
    against: Annotated[
        Literal["two_theta", "d", "q"] | None,
        typer.Option(show_default="two_theta", help="Horizontal axis of the figure."),
    ] = None,
    config: options.Config = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Powder X-ray pattern, alone or against a measured one with Rwp.

    Several structures are phases of one sample; their shares by mass follow from the
    fit.

    [bold]Examples[/bold]

    lithophile analyze xrd Li2ZrCl6 --wavelength 0.702 --two-theta 4 40 --against d

    lithophile analyze xrd relaxed.cif LiCl --pattern measured.xye --out fit
    """
    with voice(as_json=as_json) as say:
        from lithophile.crystal_settings import XrdSettings
        from lithophile.settings_file import read_settings

        given: dict[str, Any] = {**ctx.params, "structures": structures or None}
        if refine is not None:
            words = refine.replace(",", " ").split()
            given["refine"] = () if words == ["none"] else tuple(words)
        if pattern is not None:
            given["pattern"] = str(pattern)
        settings = read_settings(XrdSettings, file=config, options=given)
        from lithophile.stages.powder_pattern import xrd_stage

        result = xrd_stage(settings, out=out, overwrite=overwrite)
        say.result(result)
        for warning in result.get("warnings", ()):
            say.note(f"warning: {warning}")
