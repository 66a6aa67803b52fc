"""Dynamics stage: a trajectory, its energies and its pictures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lithophile.console import Progress
from lithophile.curves import draw_energies
from lithophile.dynamics_settings import DynamicsSettings
from lithophile.interrupted import Interrupted
from lithophile.live import LiveNumbers, check_plateau, showing
from lithophile.pictures import draw_panels
from lithophile.provenance import provenance
from lithophile.run_folder import RESULT, SETTINGS, STOPPED, RunFolder, write_json
from lithophile.settings_file import read_mapping, read_settings, validate
from lithophile.stages.inputs import model_path, open_potential
from lithophile.stages.resume_check import check_resume
from lithophile.stages.start_check import LastFrameNotice, check_start
from md.dynamics import GuardTripped, Observer, Preempted, simulate
from md.trajectory import open_trajectory
from training_data import InputError, read_structures

EVENTS = "events.jsonl"


def dynamics(
    config: Path | None,
    *,
    options: Mapping[str, Any],
    out: Path,
    resume: bool,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Run, or go on with, the dynamics that file and options describe.

    Raises
    ------
    Interrupted
        When a guard or a signal ended the run.

    """
    folder = RunFolder(out)
    folder.check(resume=resume, overwrite=overwrite)
    settings = _settings(config, options, folder, resume=resume)
    _refuse_idle_options(options, settings)
    inputs = (settings.structure, model_path(settings.model))
    folder.spare(inputs, overwrite=overwrite)
    run = run_dynamics
    if settings.has_replicas:
        from lithophile.stages.replicas import run_replicas  # noqa: PLC0415 (cycle)

        run = run_replicas
    return run(settings, folder, resume=resume, overwrite=overwrite, progress=progress)


def _refuse_idle_options(
    options: Mapping[str, Any], settings: DynamicsSettings
) -> None:
    """Refuse options that would change nothing.

    Those of a file may: it can be the config.yaml of another run, which holds all.
    """
    if options.get("temperature_K") is not None and settings.temperatures_K:
        raise InputError(
            "--temperature must not stand beside temperatures_K; got "
            f"{options['temperature_K']:g} and {list(settings.temperatures_K)}. Give "
            "one of them."
        )
    if options.get("plateau_ps") is not None and settings.stop_on_plateau is None:
        raise InputError(
            "--plateau must come with --stop-on-plateau; got "
            f"{options['plateau_ps']:g} alone. Add --stop-on-plateau dissolved or "
            "energy, or leave it out."
        )


def run_dynamics(
    settings: DynamicsSettings,
    folder: RunFolder,
    *,
    resume: bool,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Run the dynamics in `folder` and write result and figures."""
    atoms = read_structures(settings.structure, index="-1")[0]
    potential = open_potential(settings)
    potential.check_species(atoms)
    check_plateau(atoms, settings)
    if resume:
        check_resume(folder.path, atoms, potential, settings.dynamics)
    told = told_already(folder, settings) if resume else {}
    start = None if told else check_start(settings, atoms, potential)
    told = told or {"start": start.to_json() if start else None}
    record = provenance(
        command="md",
        seeds={"md": settings.seed},
        inputs={
            "model": model_path(settings.model),
            "structure": settings.structure,
        },
    )
    with folder.opened(
        settings=settings, provenance=record, resume=resume, overwrite=overwrite
    ) as claim:
        live = LiveNumbers(atoms, settings)
        if resume:
            live.replay(folder.path)
        # told with the first frame: by then nothing is left to be refused
        observers: list[Observer] = [live, LastFrameNotice(settings)]
        if start:
            observers.append(start.observer(folder.path / EVENTS))
        try:
            done = simulate(
                atoms,
                potential,
                settings.dynamics,
                out=folder.path,
                resume=resume,
                observers=observers,
                stop_when=live.plateau_reason if settings.stop_on_plateau else None,
                progress=showing(live, claim.watching(progress)),
            )
        except (GuardTripped, Preempted) as reason:
            write_figures(folder)
            result = {"model": settings.model, **stopped_result(reason), **told}
            write_json(folder.path / STOPPED, result)
            raise Interrupted(result, reason) from None
        write_figures(folder)
        return folder.finish({"model": settings.model, **done.to_json(), **told})


def told_already(folder: RunFolder, settings: DynamicsSettings) -> dict[str, Any]:
    """Give what the start of a finished run was checked for; empty otherwise."""
    path = folder.path / RESULT
    if not path.is_file():
        return {}
    result = json.loads(path.read_text(encoding="utf-8"))
    if result.get("n_steps", -1) < settings.n_steps:
        return {}
    return {"start": result.get("start")}


def stopped_result(reason: GuardTripped | Preempted) -> dict[str, Any]:
    """Give the result of a stopped run, with the steps that it reached."""
    result = {
        **reason.result.to_json(),
        "stopped_by": type(reason).__name__,
        "message": str(reason),
    }
    if isinstance(reason, Preempted):
        result["checkpoint_step"] = reason.result.n_steps
        result["n_steps"] = reason.event.step
    return result


def _settings(
    config: Path | None, options: Mapping[str, Any], folder: RunFolder, *, resume: bool
) -> DynamicsSettings:
    stored = folder.path / SETTINGS
    if not (resume and stored.is_file()):
        settings = read_settings(DynamicsSettings, file=config, options=options)
    else:
        values = {**read_mapping(stored), **(read_mapping(config) if config else {})}
        known = DynamicsSettings.model_fields
        given = {k: v for k, v in options.items() if v is not None and k in known}
        settings = validate(DynamicsSettings, {**values, **given}, source=str(stored))
    return settings.model_copy(update={"structure": settings.structure.resolve()})


def trajectory_path(path: Path) -> Path:
    """Trajectory in a run folder: one file, or a folder of segments.

    Raises
    ------
    InputError
        When there is none.

    """
    for name in ("trajectory.h5", "trajectory"):
        if (path / name).exists():
            return path / name
    raise InputError(
        f"'{path}' must hold trajectory.h5 or trajectory/; got neither. "
        "Run `lithophile md` first."
    )


def write_figures(folder: RunFolder) -> None:
    """Energies against time, and the first and the last frame side by side."""
    log = folder.path / "log.csv"
    if log.is_file():
        draw_energies(log, folder.figure("energies"))
    with open_trajectory(folder.path) as trajectory:
        ends = sorted({0, trajectory.n_frames - 1} if trajectory.n_frames else ())
        panels = [
            (f"{trajectory.times_ps[i]:.2f} ps", trajectory.atoms(i), ()) for i in ends
        ]
    if panels:
        draw_panels(panels, folder.figure("frames"))
