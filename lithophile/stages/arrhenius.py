"""Arrhenius stage: trajectories at several temperatures, one line through them."""

from pathlib import Path
from typing import Any

import numpy as np

from lithophile.console import Progress
from lithophile.curves import new_figure, tidy
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.transport_settings import ArrheniusSettings
from md.analysis.arrhenius import ArrheniusPoint, arrhenius
from md.analysis.mean_squared_displacement import mean_squared_displacement
from md.analysis.temperature import mean_temperature, mean_volume
from md.trajectory import Trajectory, open_trajectory
from training_data import InputError

_LEAST_BLOCKS = 2


def arrhenius_stage(
    settings: ArrheniusSettings,
    *,
    out: Path | None,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Activation energy, and conductivity at a temperature that was not simulated."""
    _check(settings)
    folder = RunFolder(out or Path(f"arrhenius-{settings.species}"), resumable=False)
    folder.check(resume=False, overwrite=overwrite)
    folder.spare(list(settings.trajectories), overwrite=overwrite)
    points, densities, runs = [], [], []
    given = settings.temperatures_K or (None,) * len(settings.trajectories)
    for done, (path, temperature_K) in enumerate(
        zip(settings.trajectories, given, strict=True)
    ):
        progress(done, len(settings.trajectories), {})
        with open_trajectory(path, frame_time_ps=settings.frame_time_ps) as trajectory:
            point, n_carriers = _point(trajectory, settings, temperature_K)
            volume = settings.volume_A3 or _volume(trajectory)
        points.append(point)
        densities.append(None if volume is None else n_carriers / volume)
        runs.append({"trajectory": path, "carriers_per_A3": densities[-1]})
    progress(len(points), len(points), {})
    coldest = int(np.argmin([p.temperature_K for p in points]))
    found = arrhenius(
        points,
        at_K=settings.at_K,
        carriers_per_A3=densities[coldest],
        charge_e=settings.charge_e,
    )
    inputs = {f"trajectory_{i}": p for i, p in enumerate(settings.trajectories)}
    record = provenance(command="analyze arrhenius", seeds={}, inputs=inputs)
    with folder.opened(settings=settings, provenance=record, overwrite=overwrite):
        path = folder.figure("arrhenius")
        figure = new_figure(5.2, 3.4)
        axis = figure.subplots()
        found.plot(axis)
        tidy(axis)
        figure.savefig(path, dpi=150)
        return folder.finish({**found.to_json(), "runs": runs, "figure": path})


def _check(settings: ArrheniusSettings) -> None:
    n = len(settings.trajectories)
    if not n:
        raise InputError(
            "trajectories must be given; got nothing. Name one run for each of three "
            "temperatures or more."
        )
    temperatures = settings.temperatures_K
    if temperatures is not None and len(temperatures) != n:
        raise InputError(
            f"temperatures_K must be {n} numbers, one for each trajectory; got "
            f"{temperatures!r}. Leave them out to take the mean of each run."
        )


def _point(
    trajectory: Trajectory, settings: ArrheniusSettings, temperature_K: float | None
) -> tuple[ArrheniusPoint, int]:
    error_K = 0.0
    if temperature_K is None:
        temperature_K, error_K = mean_temperature(trajectory)
    msd = mean_squared_displacement(
        trajectory,
        species=settings.species,
        reference=settings.reference,
        fit_ps=settings.fit_ps,
    )
    point = ArrheniusPoint(
        temperature_K=temperature_K,
        temperature_error_K=error_K,
        diffusivity_cm2_per_s=msd.diffusivity_cm2_per_s,
        diffusivity_interval_cm2_per_s=msd.diffusivity_interval_cm2_per_s,
        degrees_of_freedom=max(msd.n_blocks, _LEAST_BLOCKS) - 1,
        reason=msd.reason,
    )
    return point, msd.n_atoms


def _volume(trajectory: Trajectory) -> float | None:
    """Volume of a crystal; None where the cell holds more than that."""
    try:
        return mean_volume(trajectory)
    except InputError:
        return None
