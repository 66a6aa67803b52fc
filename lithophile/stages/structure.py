"""Structure stage: distances, angles, coordination and order along a trajectory."""

from pathlib import Path
from typing import Any

from lithophile.console import Progress
from lithophile.curves import new_figure, tidy
from lithophile.provenance import provenance
from lithophile.stages.observables import analysis_folder, opened_trajectory
from lithophile.structure_settings import StructureSettings
from md.analysis.bond_angles import bond_angles
from md.analysis.order_profile import OrderProfileResult, order_profile
from md.analysis.radial_distribution import radial_distribution

NAME = "structure"


def structure_stage(
    settings: StructureSettings,
    *,
    out: Path | None,
    overwrite: bool,
    progress: Progress,
) -> dict[str, Any]:
    """g(r), bond angles, coordination and order parameter, with one figure."""
    folder = analysis_folder(NAME, settings, out=out, overwrite=overwrite)
    again = overwrite or out is None
    with opened_trajectory(settings) as trajectory:
        distances = radial_distribution(
            trajectory,
            species=(settings.centre, settings.ligand),
            most_frames=settings.most_frames,
        )
        angles = bond_angles(
            trajectory,
            centre=settings.centre,
            ligand=settings.ligand,
            cutoff_A=settings.cutoff_A,
            most_frames=settings.most_frames,
        )
        order = order_profile(
            trajectory,
            species=settings.centre,
            ligand=settings.ligand,
            cutoff_A=angles.cutoff_A,
            degree=settings.degree,
            axis=settings.axis,
            bin_width_A=settings.bin_width_A,
            reference=settings.reference,
            n_times=settings.n_times,
            most_frames=settings.most_frames,
            progress=lambda done, total: progress(done, total, {}),
        )
    record = provenance(
        command=f"analyze {NAME}",
        seeds={},
        inputs={"trajectory": settings.trajectory},
    )
    with folder.opened(settings=settings, provenance=record, overwrite=again):
        figure = new_figure(9.6, 6.4)
        (first, second), (third, fourth) = figure.subplots(2, 2)
        distances.plot(first)
        angles.plot(second)
        order.plot(third)
        _draw_coordination(order, fourth)
        for axis in (first, second, third, fourth):
            tidy(axis)
        path = folder.figure(NAME)
        figure.savefig(path, dpi=150)
        return folder.finish(
            {
                "radial_distribution": distances.to_json(),
                "bond_angles": angles.to_json(),
                "order_profile": order.to_json(),
                "figure": path,
            }
        )


def _draw_coordination(order: OrderProfileResult, axis: Any) -> None:  # noqa: ANN401 (matplotlib)
    """Coordination against height, with twice its standard error."""
    profile = order.coordination_profile
    error = order.coordination_profile_standard_error
    if profile is None or error is None:
        return
    filled = order.n_atoms_per_frame > 0
    axis.errorbar(
        order.heights_A[filled],
        profile[filled],
        yerr=2 * error[filled],
        fmt="o-",
        markersize=3,
        capsize=2,
        linewidth=1,
    )
    axis.set(
        xlabel="Height along the normal (Å)",
        ylabel=f"{order.ligand} around {order.species}",
        ylim=(0, None),
    )
