"""The whole line: stages one after another, each in a folder of its own."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.io import write

from lithophile.claim import Claim
from lithophile.console import Progress, progress_bar
from lithophile.dynamics_settings import DynamicsSettings
from lithophile.interrupted import Interrupted
from lithophile.pipeline_inputs import check_inputs, input_paths
from lithophile.pipeline_settings import RunSettings, TransportOptions
from lithophile.provenance import provenance
from lithophile.report.page import write_report
from lithophile.run_folder import SETTINGS, RunFolder
from lithophile.settings import (
    DissolutionSettings,
    EvaluateSettings,
    ModelSettings,
    MsdOptions,
    MsdSettings,
    RelaxationSettings,
    RelaxSettings,
)
from lithophile.settings_file import read_settings
from lithophile.stages.dynamics import run_dynamics, trajectory_path
from lithophile.stages.evaluation import evaluation
from lithophile.stages.inputs import read_crystal
from lithophile.stages.interface import STRUCTURE, interface_stage
from lithophile.stages.observables import dissolution_stage, msd_stage
from lithophile.stages.relaxation import relaxation
from lithophile.stages.training import run_training
from md.dynamics import DynamicsConfig
from md.trajectory import open_trajectory
from structures.interface import ELECTROLYTE
from training_data import InputError, read_structures

Work = Callable[[Progress], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One run of the whole line.

    Parameters
    ----------
    settings
        What is done.
    folder
        Where.
    note
        Called with one line for the reader after each stage.
    claim
        Begun by the first work that is done: from then on everything is kept.
    stages
        Name, seconds and status of the stages so far.

    """

    settings: RunSettings
    folder: RunFolder
    note: Callable[[str], None]
    claim: Claim
    stages: list[dict[str, Any]] = field(default_factory=list)

    def path(self, name: str) -> Path:
        """Folder of a stage."""
        return self.folder.path / name

    def do(self, name: str, work: Work) -> dict[str, Any]:
        """Run one stage, or keep it where it is finished already."""
        begin = time.perf_counter()
        found = RunFolder(self.path(name)).read()
        if found is not None:
            result, status = found, "kept"
        else:
            with progress_bar(name) as progress:
                try:
                    result, status = dict(work(self.claim.watching(progress))), "done"
                except Interrupted:
                    self._record(name, begin, "stopped")
                    raise
        self.claim.begin()
        self._record(name, begin, status)
        return result

    def _record(self, name: str, begin: float, status: str) -> None:
        seconds = round(time.perf_counter() - begin, 1)
        self.stages.append({"name": name, "seconds": seconds, "status": status})
        self.note(f"{name}: {status}, {seconds:.0f} s")


def run_pipeline(
    config: Path | None,
    *,
    options: Mapping[str, Any],
    out: Path,
    resume: bool,
    overwrite: bool,
    command: str,
    note: Callable[[str], None],
) -> dict[str, Any]:
    """Run all stages of a configuration and write the report.

    What can be checked is checked before the folder is made; what finished stages
    have made is kept whatever happens later.

    Returns
    -------
    dict
        ``report``, ``minutes`` and ``stages`` (name, seconds, status).

    """
    begin = time.perf_counter()
    folder = RunFolder(out)
    folder.check(resume=resume, overwrite=overwrite)
    settings = _settings(config, options, folder, resume=resume)
    finished = folder.read() if resume else None
    if finished is not None:
        return finished
    folder.spare(input_paths(settings), overwrite=overwrite)
    check_inputs(settings)
    record = provenance(
        command=command,
        seeds={"md": settings.md.seed},
        inputs={"structure": settings.structure},
    )
    with folder.opened(
        settings=settings, provenance=record, resume=resume, overwrite=overwrite
    ) as claim:
        line = Line(settings=settings, folder=folder, note=note, claim=claim)
        try:
            _run_stages(line)
        except Interrupted as stop:
            report = write_report(out)
            result = {"report": report, "stages": line.stages, "stopped": stop.result}
            raise Interrupted(result, stop.reason) from None
        result = {
            "report": out / "report.html",
            "minutes": round((time.perf_counter() - begin) / 60, 2),
            "stages": line.stages,
        }
        done = folder.finish(result)
        write_report(out)
        return done


def _settings(
    config: Path | None, options: Mapping[str, Any], folder: RunFolder, *, resume: bool
) -> RunSettings:
    stored = folder.path / SETTINGS
    if not (resume and stored.is_file()):
        return read_settings(RunSettings, file=config, options=options)
    before = read_settings(RunSettings, file=stored, options={})
    now = read_settings(RunSettings, file=config or stored, options=options)
    changed = [
        name
        for name in RunSettings.model_fields
        if getattr(before, name) != getattr(now, name)
    ]
    if changed:
        raise InputError(
            f"settings must be those of the run in '{folder.path}' to resume it; got "
            f"other values for {', '.join(changed)}. Set them back, or name another "
            "folder."
        )
    return before


def _run_stages(line: Line) -> None:
    settings = line.settings
    if settings.evaluate is not None:
        chosen = EvaluateSettings(**_model(settings), **settings.evaluate.model_dump())
        line.do(
            "evaluate",
            lambda progress: evaluation(
                chosen, out=line.path("evaluate"), overwrite=True, progress=progress
            ),
        )
    model = settings.model
    if settings.train is not None:
        training = settings.train
        line.do(
            "train",
            lambda progress: run_training(
                training,
                RunFolder(line.path("train")),
                resume=True,
                overwrite=False,
                progress=progress,
            ),
        )
        if settings.use_trained:
            model = str(line.path("train"))
    used = ModelSettings(**{**_model(settings), "model": model})
    start = _build(line)
    begun = _simulate(line, used, start, prefix="", md=settings.md)
    _relax_last_frame(line, used, begun, prefix="")
    _analyze(line)
    if settings.control is not None and settings.interface is not None:
        n_steps = settings.control.n_steps or settings.md.n_steps
        md = settings.md.model_copy(update={"n_steps": n_steps})
        slab = line.path("control") / "slab.extxyz"
        _write_control(start, slab, vacuum_A=settings.control.vacuum_A)
        begun = _simulate(line, used, slab, prefix="control/", md=md)
        _relax_last_frame(line, used, begun, prefix="control/")
        _dissolution(line, prefix="control/")
    if settings.transport is not None:
        _transport(line, used, settings.transport)


def _model(settings: ModelSettings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in ModelSettings.model_fields}


def _build(line: Line) -> Path:
    if line.settings.interface is None:
        given = read_structures(str(line.settings.structure), index="-1")[0]
        write(line.path("structure.extxyz"), given, format="extxyz")
        return line.path("structure.extxyz")
    chosen = line.settings.interface
    line.do(
        "interface",
        lambda _: interface_stage(chosen, out=line.path("interface"), overwrite=True),
    )
    return line.path("interface") / STRUCTURE


def _write_control(interface: Path, slab: Path, *, vacuum_A: float) -> None:
    atoms = read_structures(interface, index="-1")[0]
    electrolyte = atoms[atoms.arrays["side"] == ELECTROLYTE]
    electrolyte.center(vacuum=vacuum_A / 2, axis=2)
    slab.parent.mkdir(parents=True, exist_ok=True)
    write(slab, electrolyte, format="extxyz")


def _simulate(
    line: Line, model: ModelSettings, start: Path, *, prefix: str, md: DynamicsConfig
) -> Path:
    """Relax and run; return the file that the dynamics started from."""
    settings = line.settings
    if settings.relax is not None:
        start = _relax(line, model, start, settings.relax, name=f"{prefix}relax")
    _run_md(line, model, start, prefix=prefix, md=md)
    return start


def _relax(
    line: Line,
    model: ModelSettings,
    start: Path,
    options: RelaxationSettings,
    *,
    name: str,
) -> Path:
    chosen = RelaxSettings(**_model(model), **options.model_dump(), structures=(start,))
    line.do(
        name,
        lambda progress: relaxation(
            chosen, out=line.path(name), overwrite=True, progress=progress
        ),
    )
    return line.path(name) / f"{start.stem}.extxyz"


def _relax_last_frame(
    line: Line, model: ModelSettings, start: Path, *, prefix: str
) -> None:
    """Relax the last frame, with the atoms fixed that were fixed on the way to it."""
    options = line.settings.final_relax
    if options is None:
        return
    last = line.path(f"{prefix}last_frame.extxyz")
    with open_trajectory(line.path(f"{prefix}md")) as trajectory:
        write(last, _as_at_start(trajectory.atoms(-1), start), format="extxyz")
    _relax(line, model, last, options, name=f"{prefix}final_relax")


def _as_at_start(frame: Atoms, start: Path) -> Atoms:
    """Frame with what a trajectory does not keep: fixed atoms, sides and layers."""
    before = read_structures(start, index="-1")[0]
    for name in ("side", "layer"):
        if name in before.arrays and name not in frame.arrays:
            frame.set_array(name, before.arrays[name])
    frame.set_constraint(before.constraints)
    return frame


def _transport(line: Line, model: ModelSettings, options: TransportOptions) -> None:
    """Run the crystal of the electrolyte at each temperature and measure its motion."""
    if line.settings.interface is None:
        return
    crystal = read_crystal(line.settings.interface.electrolyte).repeat(options.repeat)
    start = line.path("transport") / "electrolyte.extxyz"
    start.parent.mkdir(parents=True, exist_ok=True)
    write(start, crystal, format="extxyz")
    if line.settings.relax is not None:
        start = _relax(line, model, start, line.settings.relax, name="transport/relax")
    for temperature_K in options.temperatures_K:
        md = line.settings.md.model_copy(
            update={
                "temperature_K": temperature_K,
                "schedule": (),
                "initial_temperature_K": None,
                "n_steps": options.n_steps or line.settings.md.n_steps,
            }
        )
        prefix = f"transport/{temperature_K:g}K/"
        _run_md(line, model, start, prefix=prefix, md=md)
        _displacement(line, MsdOptions(species=options.species), prefix=prefix)


def _run_md(
    line: Line, model: ModelSettings, start: Path, *, prefix: str, md: DynamicsConfig
) -> None:
    dissolution = line.settings.dissolution
    shown = {} if dissolution is None else {"dissolution": dissolution}
    dynamics = DynamicsSettings(
        **_model(model),
        **md.model_dump(),
        **shown,
        structure=start.resolve(),
    )
    line.do(
        f"{prefix}md",
        lambda progress: run_dynamics(
            dynamics,
            RunFolder(line.path(f"{prefix}md")),
            resume=True,
            overwrite=False,
            progress=progress,
        ),
    )


def _analyze(line: Line) -> None:
    _dissolution(line, prefix="")
    for chosen in line.settings.msd or ():
        _displacement(line, chosen)


def _displacement(line: Line, chosen: MsdOptions, *, prefix: str = "") -> None:
    settings = MsdSettings(
        trajectory=trajectory_path(line.path(f"{prefix}md")), **chosen.model_dump()
    )
    name = f"{prefix}msd-{chosen.species}"
    line.do(
        name,
        lambda progress: msd_stage(
            settings, out=line.path(name), overwrite=True, progress=progress
        ),
    )


def _dissolution(line: Line, *, prefix: str) -> None:
    if line.settings.dissolution is None:
        return
    settings = DissolutionSettings(
        trajectory=trajectory_path(line.path(f"{prefix}md")),
        **line.settings.dissolution.model_dump(),
    )
    name = f"{prefix}dissolution"
    line.do(
        name,
        lambda progress: dissolution_stage(
            settings, out=line.path(name), overwrite=True, progress=progress
        ),
    )
