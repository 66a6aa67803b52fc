"""``lithophile export``: trajectories for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lithophile.commands import options
from lithophile.commands.analyze import FrameTime, Trajectory
from lithophile.console import progress_bar, voice

if TYPE_CHECKING:
    from lithophile.export_settings import ExportSettings
    from md.trajectory.export_request import ExportFormat

export = typer.Typer(
    help="Trajectories for other programs: extxyz, dump (LAMMPS), xdatcar, h5md.",
    no_args_is_help=True,
)

OutFile = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        show_default="beside the trajectory",
        help="File to write; must not exist.",
    ),
]
Replace = Annotated[
    bool, typer.Option("--overwrite", help="Replace the file that is there.")
]
Start = Annotated[
    float | None,
    typer.Option("--start-ps", help="First time written (ps)."),
]
Stop = Annotated[
    float | None,
    typer.Option("--stop-ps", help="Last time written (ps)."),
]
Stride = Annotated[
    int | None, typer.Option(show_default="1", help="Every how many frames one.")
]
Wrap = Annotated[
    bool | None,
    typer.Option(
        "--wrap",
        show_default="unwrapped",
        help="Fold positions into the cell along its periodic vectors.",
    ),
]
UnitLines = Annotated[
    bool | None,
    typer.Option(
        "--unit-lines",
        show_default="none",
        help="Write ITEM: UNITS and ITEM: TIME, which MDAnalysis cannot read.",
    ),
]


@export.command()
def extxyz(
    ctx: typer.Context,
    trajectory: Trajectory = None,
    *,
    start_ps: Start = None,
    stop_ps: Stop = None,
    stride: Stride = None,
    wrap: Wrap = None,
    frame_time_ps: FrameTime = None,
    config: options.Config = None,
    out: OutFile = None,
    overwrite: Replace = False,
    as_json: options.AsJson = False,
) -> None:
    """Write extended XYZ for ASE and OVITO: energies, labels, every digit.

    Velocities are written as momenta, which ASE reads.

    [bold]Example[/bold]

    lithophile export extxyz runs/400K/trajectory.h5 --start-ps 10 --stride 5
    """
    from lithophile.export_settings import WrappableSettings

    _export(ctx, WrappableSettings, "extxyz")


@export.command()
def xdatcar(
    ctx: typer.Context,
    trajectory: Trajectory = None,
    *,
    start_ps: Start = None,
    stop_ps: Stop = None,
    stride: Stride = None,
    wrap: Wrap = None,
    frame_time_ps: FrameTime = None,
    config: options.Config = None,
    out: OutFile = None,
    overwrite: Replace = False,
    as_json: options.AsJson = False,
) -> None:
    """XDATCAR of VASP: direct coordinates, the lattice again when it has changed.

    [bold]Example[/bold]

    lithophile export xdatcar runs/400K/trajectory.h5 --out XDATCAR --wrap
    """
    from lithophile.export_settings import WrappableSettings

    _export(ctx, WrappableSettings, "xdatcar")


@export.command()
def dump(
    ctx: typer.Context,
    trajectory: Trajectory = None,
    *,
    start_ps: Start = None,
    stop_ps: Stop = None,
    stride: Stride = None,
    wrap: Wrap = None,
    unit_lines: UnitLines = None,
    frame_time_ps: FrameTime = None,
    config: options.Config = None,
    out: OutFile = None,
    overwrite: Replace = False,
    as_json: options.AsJson = False,
) -> None:
    """LAMMPS dump in units metal (Å, ps, eV): xu yu zu, velocities, forces, labels.

    With --wrap the columns are x y z and the image counts ix iy iz.

    [bold]Example[/bold]

    lithophile export dump runs/400K/trajectory.h5 --out 400K.lammpstrj
    """
    from lithophile.export_settings import DumpSettings

    _export(ctx, DumpSettings, "dump")


@export.command()
def lammps(
    ctx: typer.Context,
    trajectory: Trajectory = None,
    *,
    start_ps: Start = None,
    stop_ps: Stop = None,
    stride: Stride = None,
    wrap: Wrap = None,
    unit_lines: UnitLines = None,
    frame_time_ps: FrameTime = None,
    config: options.Config = None,
    out: OutFile = None,
    overwrite: Replace = False,
    as_json: options.AsJson = False,
) -> None:
    """LAMMPS dump: another name of `dump`.

    [bold]Example[/bold]

    lithophile export lammps runs/400K/trajectory.h5 --wrap
    """
    from lithophile.export_settings import DumpSettings

    _export(ctx, DumpSettings, "dump")


@export.command()
def h5md(
    ctx: typer.Context,
    trajectory: Trajectory = None,
    *,
    start_ps: Start = None,
    stop_ps: Stop = None,
    stride: Stride = None,
    resolution_A: Annotated[
        float | None,
        typer.Option(
            "--resolution-A",
            show_default="every bit",
            help="Round positions to such a grid (Å), the rest to single precision.",
        ),
    ] = None,
    frame_time_ps: FrameTime = None,
    config: options.Config = None,
    out: OutFile = None,
    overwrite: Replace = False,
    as_json: options.AsJson = False,
) -> None:
    """Packed H5MD: compressed, for keeping; every analysis reads it.

    [bold]Example[/bold]

    lithophile export h5md runs/400K/trajectory.h5 --resolution-A 1e-5
    """
    from lithophile.export_settings import PackedSettings

    _export(ctx, PackedSettings, "h5md")


def _export(
    ctx: typer.Context, model: "type[ExportSettings]", file_format: "ExportFormat"
) -> None:
    as_json, overwrite = ctx.params["as_json"], ctx.params["overwrite"]
    with voice(as_json=as_json) as say, progress_bar("export") as progress:
        from lithophile.settings_file import read_settings

        settings = read_settings(model, file=ctx.params["config"], options=ctx.params)
        from lithophile.stages.export import export_stage

        say.result(
            export_stage(
                settings,
                file_format=file_format,
                overwrite=overwrite,
                progress=progress,
            )
        )
