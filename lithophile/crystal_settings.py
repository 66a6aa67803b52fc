"""Settings of the commands that look at crystals."""

from typing import Literal

from pydantic import Field

from lithophile.settings import Settings


class CrystalSettings(Settings):
    """Settings of ``lithophile analyze crystal``."""

    structures: tuple[str, ...] = Field(
        (), description="Prototypes by name, or structure files; all frames are taken"
    )
    tolerance_A: float = Field(
        0.01, gt=0, description="Distance within which sites are equivalent [Å]"
    )
    centre: str | None = Field(
        None, description="Element at the centres of polyhedra; null: all cations"
    )
    ligand: str | None = Field(
        None, description="Element around them; null: the most electronegative one"
    )
    scale: bool = Field(
        default=False, description="Compare structures at equal volume per atom"
    )
    site_tolerance_A: float = Field(
        0.5,
        gt=0,
        description="Largest distance of matching sites of duplicates [Å]; about 0.15 "
        "keeps relaxed structures apart that differ by ordered displacements",
    )
    fingerprint_tolerance: float = Field(
        0.15, gt=0, description="Largest distance of fingerprints of duplicates"
    )


class XrdSettings(Settings):
    """Settings of ``lithophile analyze xrd``."""

    structures: tuple[str, ...] = Field(
        (), description="Prototypes by name, or structure files, one for each phase"
    )
    pattern: str | None = Field(
        None, description="Measured pattern: angle, intensity and, if known, error"
    )
    wavelength: float | str = Field(
        "CuKa", description="Name of an X-ray line, or the wavelength [Å]"
    )
    two_theta: tuple[float, float] = Field(
        (5.0, 90.0), description="First and last scattering angle [°]"
    )
    debye_waller_B_A2: float = Field(
        1.0, ge=0, description="Isotropic displacement parameter of all atoms [Å²]"
    )
    polarisation: float = Field(
        0.5, ge=0, le=1, description="Share polarised in the plane of diffraction"
    )
    monochromator_two_theta_deg: float = Field(
        0.0,
        ge=0,
        lt=90,
        description="Scattering angle of the monochromator crystal before the sample "
        "[°]; graphite with Cu has 26.6",
    )
    fwhm_deg: float = Field(
        0.1,
        gt=0,
        description="Full width of the peaks; a start if refined [°]",
    )
    eta: float = Field(
        0.5, ge=0, le=1, description="Share of the Lorentzian in the peaks"
    )
    refine: tuple[Literal["zero", "lattice", "width", "mixing"], ...] = Field(
        ("zero", "lattice", "width", "mixing"),
        description="What is adjusted to a measured pattern beside scales and "
        "background",
    )
    n_background: int = Field(
        6, ge=1, description="Number of Chebyshev polynomials of the background"
    )
    against: Literal["two_theta", "d", "q"] = Field(
        "two_theta", description="Horizontal axis of the figure"
    )
