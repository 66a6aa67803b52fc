"""Density, sites and channels of ions, from trajectories."""

from pathlib import Path
from typing import Any

from ase.io import read

from lithophile.console import Progress
from lithophile.curves import new_figure, tidy
from lithophile.provenance import provenance
from lithophile.run_folder import RunFolder
from lithophile.site_settings import (
    ChannelsSettings,
    DensityOptions,
    DensitySettings,
    FrameOptions,
    SiteOptions,
    SitesSettings,
)
from lithophile.stages.observables import (
    analysis_folder,
    folder_beside,
    opened_trajectory,
)
from md.analysis.channel_barriers import channel_barriers
from md.analysis.channels import ChannelsResult, channels
from md.analysis.correlated_hops import correlated_hops
from md.analysis.framework import frame_range, run_temperature_K
from md.analysis.hops import hops
from md.analysis.ion_density import ion_density
from md.analysis.isosurface import draw_isosurface
from md.analysis.mean_framework import mean_framework
from md.analysis.site_occupation import site_occupation
from md.analysis.sites import (
    Sites,
    sites_from_density,
    sites_from_holes,
    sites_from_layers,
    sites_from_structure,
)
from md.trajectory import Trajectory, open_trajectory
from training_data import InputError

ANY_TEMPERATURE_K = 300.0
SUFFIXES = {"cube": "density.cube", "chgcar": "CHGCAR", "xsf": "density.xsf"}
N_ANIONS = {"octahedra": (6,), "tetrahedra": (4,)}
FRAME = set(FrameOptions.model_fields)
OCCUPATION = FRAME | {"hold_ps", "max_distance_A"}
MOST_PAIRS = 200


def density_stage(
    settings: DensitySettings, *, out: Path | None, overwrite: bool, progress: Progress
) -> dict[str, Any]:
    """Density of an ion: free energy, ways through, files and pictures."""
    folder = analysis_folder("density", settings, out=out, overwrite=overwrite)
    again = overwrite or out is None
    with opened_trajectory(settings) as trajectory:
        found = ion_density(
            trajectory,
            **settings.model_dump(include=set(DensityOptions.model_fields)),
            progress=lambda done, total: progress(done, total, {}),
        )
    record = provenance(
        command="analyze density", seeds={}, inputs={"trajectory": settings.trajectory}
    )
    with folder.opened(settings=settings, provenance=record, overwrite=again):
        figure = _drawn(found, folder.figure("density"))
        surface = folder.figure("isosurface")
        draw_isosurface(found).savefig(surface, dpi=150)
        files = {}
        if settings.formats:
            from md.analysis.density_files import (  # noqa: PLC0415 (pymatgen)
                write_density,
            )

            for name in settings.formats:
                path = folder.path / SUFFIXES[name]
                files[name] = write_density(found, path, file_format=name)
        return folder.finish(
            {
                **found.to_json(),
                "files": files,
                "figure": figure,
                "isosurface_figure": surface,
            }
        )


def sites_stage(
    settings: SitesSettings, *, out: Path | None, overwrite: bool, progress: Progress
) -> dict[str, Any]:
    """Sites, stays, hop rates and correlated hops."""
    folder = analysis_folder("sites", settings, out=out, overwrite=overwrite)
    again = overwrite or out is None
    with opened_trajectory(settings) as trajectory:
        sites = _sites(settings.sites, trajectory, settings)
        occupation = site_occupation(
            trajectory,
            sites=sites,
            **settings.model_dump(include=OCCUPATION),
            progress=lambda done, total: progress(done, total, {}),
        )
    rates = hops(occupation)
    together = correlated_hops(occupation)
    record = provenance(
        command="analyze sites", seeds={}, inputs={"trajectory": settings.trajectory}
    )
    with folder.opened(settings=settings, provenance=record, overwrite=again):
        rated = rates.to_json()
        rated["pair_rates"] = rated["pair_rates"][:MOST_PAIRS]
        return folder.finish(
            {
                **occupation.to_json(),
                "hops": rated,
                "correlated": together.to_json(),
                "warnings": rated["warnings"],
                "figure": _drawn(occupation, folder.figure("occupation")),
                "residence_figure": _drawn(rates, folder.figure("residence")),
                "correlated_figure": _drawn(together, folder.figure("correlated")),
            }
        )


def channels_stage(
    settings: ChannelsSettings, *, out: Path | None, overwrite: bool, progress: Progress
) -> dict[str, Any]:
    """Channels of a layered halide, and their barriers over temperatures."""
    if not settings.trajectories:
        raise InputError(
            "trajectories must be given; got none. Name a .h5 file or a run folder."
        )
    given = settings.temperature_K
    if given and len(given) != len(settings.trajectories):
        raise InputError(
            f"temperature_K must be one for each of {len(settings.trajectories)} "
            f"trajectories; got {len(given)}. Leave it out where the runs say it."
        )
    name = "channels"
    first = settings.trajectories[0]
    folder = RunFolder(out or folder_beside(first, name), resumable=False)
    again = overwrite or out is None
    folder.check(resume=False, overwrite=again)
    folder.spare(settings.trajectories, overwrite=again)
    runs: list[ChannelsResult] = []
    for number, path in enumerate(settings.trajectories):
        with open_trajectory(path, frame_time_ps=settings.frame_time_ps) as trajectory:
            temperature = run_temperature_K(
                trajectory,
                given[number] if given else None,
                start=frame_range(trajectory, settings.start_ps),
            )
            sites = _sites("layers", trajectory, settings)
            occupation = site_occupation(
                trajectory,
                sites=sites,
                **settings.model_dump(include=OCCUPATION),
                progress=lambda done, total: progress(done, total, {}),
            )
        runs.append(channels(occupation, temperature_K=temperature))
    several = len({run.temperature_K for run in runs}) > 1
    barriers = channel_barriers(runs) if several else None
    record = provenance(
        command="analyze channels",
        seeds={},
        inputs={path.name: path for path in settings.trajectories},
    )
    with folder.opened(settings=settings, provenance=record, overwrite=again):
        figure = _drawn(barriers or runs[0], folder.figure(name))
        return folder.finish(
            {
                "runs": [
                    {"trajectory": path, **run.to_json()}
                    for path, run in zip(settings.trajectories, runs, strict=True)
                ],
                "barriers": barriers.to_json()["barriers"] if barriers else None,
                "no_barriers": "" if barriers else "one temperature only",
                "figure": figure,
            }
        )


def _sites(source: str, trajectory: Trajectory, settings: SiteOptions) -> Sites:
    """Sites as asked for, in the frame of the trajectory."""
    seen = settings.model_dump(include=FRAME)
    if source == "density":
        # The temperature changes free energies, not where the maxima are.
        found = ion_density(trajectory, temperature_K=ANY_TEMPERATURE_K, **seen)
        return sites_from_density(found)
    if source == "layers":
        return sites_from_layers(
            mean_framework(trajectory, **seen),
            metal=settings.metal,
            anion=settings.anion,
            ion=settings.species,
        )
    if source in N_ANIONS:
        return sites_from_holes(
            mean_framework(trajectory, **seen),
            anions=(settings.anion,),
            n_anions=N_ANIONS[source],
        )
    if not Path(source).is_file():
        raise InputError(
            "sites must be density, octahedra, tetrahedra, layers or a structure file; "
            f"got {source!r}. Check the name."
        )
    atoms = read(source)
    species = "X" if "X" in atoms.get_chemical_symbols() else settings.species
    return sites_from_structure(atoms, species=species)


def _drawn(found: Any, path: Path) -> Path:  # noqa: ANN401 (anything with a plot)
    figure = new_figure(5.2, 3.4)
    axis = figure.subplots()
    found.plot(axis)
    tidy(axis)
    figure.savefig(path, dpi=150)
    return path
