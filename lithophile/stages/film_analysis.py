"""Film stage: what has formed between metal and electrolyte."""

from pathlib import Path
from typing import Any

from lithophile.console import Progress
from lithophile.film_settings import FilmOptions, FilmSettings, PhaseOptions
from lithophile.stages.observables import (
    analysis_folder,
    opened_trajectory,
    write_analysis,
)
from md.analysis.film import film
from md.analysis.phase_labels import PhaseRule


def film_stage(
    settings: FilmSettings, *, out: Path | None, overwrite: bool, progress: Progress
) -> dict[str, Any]:
    """Thickness of the film against time."""
    name = "film"
    folder = analysis_folder(name, settings, out=out, overwrite=overwrite)
    with opened_trajectory(settings) as trajectory:
        found = film(
            trajectory,
            rule=PhaseRule(
                **settings.model_dump(include=set(PhaseOptions.model_fields))
            ),
            **settings.model_dump(include=set(FilmOptions.model_fields)),
            progress=lambda done, total: progress(done, total, {}),
        )
    again = overwrite or out is None
    return write_analysis(
        name, found, settings=settings, folder=folder, overwrite=again
    )
