"""What else a trajectory tells about a dissolution, beside its curve."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from md.analysis.dissolution import DissolutionResult
from md.analysis.dissolved_clusters import dissolved_clusters
from md.analysis.oxidation_proxy import oxidation_proxy
from md.analysis.site_filling import site_filling
from md.trajectory import Trajectory
from training_data import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class DetailedDissolution:
    """Curve of a dissolution, with reduction, clusters and sites beside it."""

    curve: DissolutionResult
    details: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Numbers with units in their names."""
        return {**self.curve.to_json(), **self.details}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the curve."""
        return self.curve.plot(ax)


def with_details(
    curve: DissolutionResult, trajectory: Trajectory, *, ion: str = "Li"
) -> DetailedDissolution:
    """Add what is reduced, which clusters there are, and which sites are filled.

    Sites are null, with the reason, where the start has no octahedra of the ligand.
    """
    details: dict[str, Any] = {
        "reduction": oxidation_proxy(
            trajectory,
            species=curve.species,
            ligand=curve.ligand,
            cutoff_A=curve.break_A,
        ).to_json(),
        "clusters": dissolved_clusters(
            trajectory,
            species=curve.species,
            ligand=curve.ligand,
            form_A=curve.form_A,
            break_A=curve.break_A,
            hold_ps=curve.hold_ps,
        ).to_json(),
        "sites": None,
        "no_sites": "",
    }
    try:
        details["sites"] = site_filling(
            trajectory, ion=ion, cation=curve.species, anion=curve.ligand
        ).to_json()
    except InputError as error:
        details["no_sites"] = str(error)
    return DetailedDissolution(curve=curve, details=details)
