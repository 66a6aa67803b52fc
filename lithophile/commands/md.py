"""``lithophile md``: molecular dynamics of one structure."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lithophile.commands import options
from lithophile.console import progress_bar, voice


def md(
    ctx: typer.Context,
    *,
    structure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Structure, any file that ASE reads."),
    ] = None,
    model: options.Model = None,
    temperature_K: Annotated[
        float | None,
        typer.Option("--temperature", show_default="300.0", help="Temperature (K)."),
    ] = None,
    timestep_fs: Annotated[
        float | None,
        typer.Option("--timestep", show_default="1.0", help="Time step (fs)."),
    ] = None,
    n_steps: Annotated[
        int | None,
        typer.Option(
            "--steps",
            show_default="10000",
            help="Steps in total, those before a restart included.",
        ),
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(show_default="100", help="Steps between saved frames."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(show_default="0", help="Seed of velocities and thermostat."),
    ] = None,
    ensemble: Annotated[
        Literal["langevin", "nve"] | None,
        typer.Option(
            show_default="langevin", help="Constant temperature or constant energy."
        ),
    ] = None,
    friction_per_ps: Annotated[
        float | None,
        typer.Option(
            "--friction", show_default="2.0", help="Friction of the thermostat (1/ps)."
        ),
    ] = None,
    dtype: options.Dtype = None,
    device: options.Device = None,
    engine: options.Engine = None,
    trust_model: options.TrustModel = None,
    config: options.Config = None,
    out: options.Out = None,
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Run molecular dynamics to an H5MD trajectory, watched by guards.

    A guard stops the run (exit code 3) when a force is not finite, two atoms collide,
    one escapes or the temperature runs away; all good frames are kept. After SIGTERM
    or SIGUSR1 the run is checkpointed (exit code 75), and --resume goes on with the
    very same numbers. With --resume, settings that are not given are those of the run.

    [bold]Examples[/bold]

    lithophile md --structure relaxed.extxyz --temperature 400 --steps 5000 --every 20 --out runs/400K

    lithophile md --out runs/400K --resume --steps 20000
    """  # noqa: E501  (a command stays on one line to be copied)
    with voice(as_json=as_json) as say, progress_bar("md") as progress:
        from lithophile.interrupted import Interrupted
        from lithophile.stages.dynamics import dynamics

        try:
            result = dynamics(
                config,
                options=ctx.params,
                out=options.needed_out(out),
                resume=resume,
                overwrite=overwrite,
                progress=progress,
            )
        except Interrupted as stop:
            say.result(stop.result)
            raise stop.reason from None
        say.result(result)
