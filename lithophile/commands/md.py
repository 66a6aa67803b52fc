"""``lithophile md``: molecular dynamics of one structure."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from lithophile.commands import options
from lithophile.commands.option_values import with_lists
from lithophile.console import progress_bar, voice
from lithophile.early_signals import answering_early

_REPLICAS = "Replicas"


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
        Literal["langevin", "nve", "bussi", "nose_hoover", "npt", "npt_normal"] | None,
        typer.Option(
            show_default="langevin",
            help="nve: constant energy; langevin, bussi, nose_hoover: constant "
            "temperature; npt, npt_normal: with a barostat on the cell or its height.",
        ),
    ] = None,
    friction_per_ps: Annotated[
        float | None,
        typer.Option(
            "--friction", show_default="2.0", help="Friction of the thermostat (1/ps)."
        ),
    ] = None,
    replicas: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=_REPLICAS,
            show_default="1",
            help="Runs side by side at each temperature, with seeds of their own.",
        ),
    ] = None,
    temperatures_K: Annotated[
        str | None,
        typer.Option(
            "--temperatures",
            metavar="'K K …'",
            rich_help_panel=_REPLICAS,
            show_default=False,
            help="Temperatures (K), a replica or more at each, as '300 350 400'.",
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="'N N …'",
            rich_help_panel=_REPLICAS,
            show_default=False,
            help="Seeds, a replica with each at every temperature, as '0 1 2'.",
        ),
    ] = None,
    batch: Annotated[
        Literal["auto", "together", "each"] | None,
        typer.Option(
            rich_help_panel=_REPLICAS,
            show_default="auto",
            help="Evaluate replicas together in one call (equal to a run alone within "
            "round-off) or each by itself (bit for bit); auto: together on a GPU.",
        ),
    ] = None,
    stop_on_plateau: Annotated[
        Literal["dissolved", "energy"] | None,
        typer.Option(
            help="End the run when the reaction has come to rest, judged by the "
            "dissolved fraction or the potential energy."
        ),
    ] = None,
    plateau_ps: Annotated[
        float | None,
        typer.Option(
            "--plateau",
            show_default="20.0",
            help="Time for which it must have stood still (ps).",
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
    one escapes or the temperature runs away; all good frames are kept. guards.policy
    in the configuration rolls back or collects instead. With --model watched:A,B,C the
    first model moves the atoms while the others tell where it is unsure. After SIGTERM
    or SIGUSR1 the run is checkpointed (exit code 75), and --resume goes on with the
    very same numbers. With --resume, settings that are not given are those of the run.

    With --replicas, --temperatures or --seeds several runs go side by side, each in a
    folder of its own (replica-00, …) that is read and resumed like a single run. One
    that fails is put aside, and the others go on.

    [bold]Examples[/bold]

    lithophile md --structure relaxed.extxyz --temperature 400 --steps 5000 --every 20 --out runs/400K

    lithophile md --out runs/400K --resume --steps 20000

    lithophile md --structure relaxed.extxyz --temperatures "300 350 400" --replicas 4 --steps 50000 --out runs/twelve
    """  # noqa: E501  (a command stays on one line to be copied)
    with (
        answering_early(),
        voice(as_json=as_json) as say,
        progress_bar("md") as progress,
    ):
        from lithophile.interrupted import Interrupted
        from lithophile.stages.dynamics import dynamics

        try:
            result = dynamics(
                config,
                options=with_lists(ctx.params),
                out=options.needed_out(out),
                resume=resume,
                overwrite=overwrite,
                progress=progress,
            )
        except Interrupted as stop:
            say.result(stop.result)
            raise stop.reason from None
        say.result(result)
