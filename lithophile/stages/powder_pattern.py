"""Powder stage: X-ray pattern of crystals, and its fit to a measured one."""

from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from lithophile.crystal_settings import XrdSettings
from lithophile.curves import new_figure
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder, write_text
from lithophile.stages.crystal_analysis import beside
from lithophile.stages.inputs import crystal_path, read_crystal
from structures.diffraction import wavelength_of, xray_pattern
from structures.diffraction_pattern import DiffractionPattern
from structures.measured_pattern import MeasuredPattern, read_measured_pattern
from structures.pattern_fit import PatternFit, fit_pattern
from structures.peak_shape import PeakShape
from training_data import InputError

PANEL_INCH = 2.7
SAMPLES_PER_WIDTH = 8


def xrd_stage(
    settings: XrdSettings, *, out: Path | None, overwrite: bool
) -> dict[str, Any]:
    """Compute the patterns, fit them to a measured one, and draw."""
    if not settings.structures:
        raise InputError(
            "structures must name at least one; got none. Give a prototype or a file."
        )
    folder = RunFolder(out or beside(settings.structures[0], "xrd"), resumable=False)
    again = overwrite or out is None
    folder.check(resume=False, overwrite=again)
    paths = [crystal_path(name) for name in settings.structures]
    folder.spare([*paths, settings.pattern], overwrite=again)
    wavelength = _wavelength(settings.wavelength)
    crystals = [read_crystal(name) for name in settings.structures]
    measured = None
    if settings.pattern is not None:
        measured = read_measured_pattern(settings.pattern).within(*settings.two_theta)
    patterns = [_pattern(atoms, settings, wavelength) for atoms in crystals]
    shape = PeakShape(w_deg2=settings.fwhm_deg**2, eta=settings.eta)
    fit = None
    if measured is not None:
        fit = _fitted(measured, crystals, settings, wavelength, shape)
    inputs = dict(zip(settings.structures, paths, strict=True))
    if settings.pattern is not None:
        inputs["pattern"] = Path(settings.pattern)
    record = provenance(command="analyze xrd", seeds={}, inputs=inputs)
    with folder.opened(settings=settings, provenance=record, overwrite=again):
        curves = folder.path / "pattern.csv"
        write_text(curves, _table(patterns, fit, shape))
        figure = folder.figure("xrd")
        _draw(patterns, fit, shape, settings, figure)
        result: dict[str, Any] = {
            "wavelength_A": wavelength_of(wavelength),
            "phases": [
                {"path": name, **pattern.to_json()}
                for name, pattern in zip(settings.structures, patterns, strict=True)
            ],
        }
        if fit is not None:
            result = {**fit.to_json(), "measured": settings.pattern, **_named(result)}
        return folder.finish({**result, "curves": curves, "figure": figure})


def _named(result: dict[str, Any]) -> dict[str, Any]:
    """Reflections under a name that does not hide the phases of the fit."""
    return {"reflections": result["phases"]}


def _wavelength(given: float | str) -> float | str:
    """Line by name, or number."""
    try:
        value: float | str = float(given)
    except ValueError:
        value = given
    wavelength_of(value)
    return value


def _pattern(
    atoms: Atoms, settings: XrdSettings, wavelength: float | str
) -> DiffractionPattern:
    return xray_pattern(
        atoms,
        wavelength_A=wavelength,
        two_theta_range_deg=settings.two_theta,
        debye_waller_B_A2=settings.debye_waller_B_A2,
        polarisation=settings.polarisation,
        monochromator_two_theta_deg=settings.monochromator_two_theta_deg,
    )


def _fitted(
    measured: MeasuredPattern,
    crystals: list[Atoms],
    settings: XrdSettings,
    wavelength: float | str,
    shape: PeakShape,
) -> PatternFit:
    return fit_pattern(
        measured,
        crystals,
        wavelength_A=wavelength,
        refine=settings.refine,
        n_background=settings.n_background,
        shape=shape,
        debye_waller_B_A2=settings.debye_waller_B_A2,
        polarisation=settings.polarisation,
        monochromator_two_theta_deg=settings.monochromator_two_theta_deg,
    )


def _table(
    patterns: list[DiffractionPattern], fit: PatternFit | None, shape: PeakShape
) -> str:
    """Curves as comma-separated columns."""
    if fit is not None:
        names = ["two_theta_deg", "observed", "calculated", "background"]
        names += [f"phase_{i}_{name}" for i, name in enumerate(fit.formulas)]
        columns = [fit.two_theta_deg, fit.observed, fit.calculated, fit.background]
        columns += list(fit.phase_intensities)
    else:
        low, high = patterns[0].range_deg
        width = float(np.sqrt(shape.w_deg2))
        n = round((high - low) / width * SAMPLES_PER_WIDTH) + 1
        grid = np.linspace(low, high, n)
        names = ["two_theta_deg"]
        columns = [grid]
        for i, pattern in enumerate(patterns):
            names.append(f"phase_{i}_{pattern.formula}")
            columns.append(pattern.profile(grid, shape=shape))
    lines = [",".join(f"{value:.6g}" for value in row) for row in np.array(columns).T]
    return "\n".join([",".join(names), *lines]) + "\n"


def _draw(
    patterns: list[DiffractionPattern],
    fit: PatternFit | None,
    shape: PeakShape,
    settings: XrdSettings,
    path: Path,
) -> None:
    """Fit, or the patterns one above the other."""
    against = settings.against
    if fit is not None:
        figure = new_figure(7.6, 4.2)
        fit.plot(figure.subplots(), against=against)
    else:
        figure = new_figure(7.6, PANEL_INCH * len(patterns) + 0.6)
        axes = figure.subplots(len(patterns), 1, squeeze=False, sharex=True)[:, 0]
        for axis, pattern, name in zip(
            axes, patterns, settings.structures, strict=True
        ):
            pattern.plot(axis, against=against, shape=shape)
            axis.set_title(Path(name).name, fontsize=9)
        for axis in axes[:-1]:
            axis.set_xlabel("")
    figure.savefig(path, dpi=150)
