"""The film between metal and electrolyte: how thick, and how it grows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from md.analysis.growth_law import GrowthLawResult, growth_law
from md.analysis.interface_position import InterfaceFrame, interface_frames
from md.analysis.pairs import complete_cell
from md.analysis.phase_labels import (
    FILM,
    INTERMEDIATE,
    PHASES,
    PhaseLabeller,
    PhaseRule,
)
from md.analysis.plain import plain, thinned
from md.trajectory import Trajectory
from training_data.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LICL_VOLUME_A3 = 33.75
"""Volume of one LiCl of rock salt with a = 5.13 Å."""
LICL_SPACING_A = 2.565
"""Distance between its (200) planes, each with as many Li as Cl."""
_MOST_FRAMES = 2000
_LAST_SHARE = 0.1
_MOST_AGAIN = 40
_CHANGE_A = 0.2
_LEAST_FOR_LAW = 12


@dataclass(frozen=True, kw_only=True)
class FilmSensitivity:
    """Final thickness under another rule: which value of which key."""

    key: str
    value: float
    final_thickness_A: float


@dataclass(frozen=True, kw_only=True)
class FilmResult:
    """Thickness of the film against time, and what every atom was taken for.

    Parameters
    ----------
    times_ps
        (n_frames,) of the frames used.
    thickness_A
        (n_frames,) volume of the film over the area of all contacts, Å.
    layers
        (n_frames,) thickness over the distance of atomic layers.
    extent_A
        (n_frames,) distance between the boundaries of electrolyte and metal, mean over
        the contacts, Å: it includes what is no film (alloy, voids).
    phase_counts
        Name of a phase to (n_frames,) atoms in it.
    electrolyte_A
        (n_frames, 2) distance of the electrolyte's boundary from its middle, below and
        above, Å.
    roughness_A
        (n_frames,) standard deviation of that boundary sideways, mean over the
        contacts, Å.
    final_thickness_A, final_thickness_interval_A
        Mean of the last tenth of the frames, Å, and its 95 % interval from the
        correlated fluctuation within it; other runs may differ by more.
    final_layers
        The same in atomic layers.
    n_contacts
        Contacts of electrolyte and metal.
    growth_law, growth
        Law that the thickness follows, and how it was told; None with fewer than 12
        frames.
    label_changes_per_ps
        How often the label of an atom changes, per atom and ps: labels that flicker
        are no phases.
    intermediate_share
        Mean share of atoms that no phase claims.
    sensitivity
        Final thickness under neighbouring rules.
    rule
        The rule.
    film_volume_A3, layer_spacing_A
        Volume per anion of the film and distance of its atomic layers.
    stride
        Every how many frames of the trajectory were used.

    """

    times_ps: NDArray[np.float64]
    thickness_A: NDArray[np.float64]
    layers: NDArray[np.float64]
    extent_A: NDArray[np.float64]
    phase_counts: dict[str, NDArray[np.int64]]
    electrolyte_A: NDArray[np.float64]
    roughness_A: NDArray[np.float64]
    final_thickness_A: float
    final_thickness_interval_A: tuple[float, float]
    final_layers: float
    n_contacts: int
    growth_law: str
    growth: GrowthLawResult | None
    label_changes_per_ps: float
    intermediate_share: float
    sensitivity: tuple[FilmSensitivity, ...]
    rule: PhaseRule
    film_volume_A3: float
    layer_spacing_A: float
    stride: int

    def to_json(self) -> dict[str, Any]:
        """Plain types; series of more than 2,000 frames are thinned evenly."""
        kept = thinned(len(self.times_ps))
        series = {
            name: getattr(self, name)[kept]
            for name in (
                "times_ps",
                "thickness_A",
                "layers",
                "extent_A",
                "electrolyte_A",
                "roughness_A",
            )
        }
        counts = {name: value[kept] for name, value in self.phase_counts.items()}
        written = dict(plain(replace(self, **series, phase_counts=counts, growth=None)))
        written["growth"] = None if self.growth is None else self.growth.to_json()
        return written

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Thickness in Å (left) and in atomic layers (right) against time.

        Parameters
        ----------
        ax
            Axes to draw into; new ones by default.

        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5, 3.4), layout="constrained").subplots()
        ax.plot(
            self.times_ps, self.thickness_A, color="C0", linewidth=1.0, label="film"
        )
        if self.growth is not None and self.growth.fits:
            best = self.growth.fits[0]
            told = self.growth_law != "undetermined"
            ax.plot(
                self.growth.times_ps,
                best.fitted_A,
                color="C3",
                linestyle="-" if told else "--",
                linewidth=1.4,
                label=best.law if told else f"{best.law} (undetermined)",
            )
        top = max(1.15 * float(self.thickness_A.max(initial=0.0)), 1.0)
        ax.set(xlabel="Time (ps)", ylabel="Film thickness (Å)", ylim=(-0.02 * top, top))
        spacing = self.layer_spacing_A
        right = ax.secondary_yaxis(
            "right", functions=(_times(1 / spacing), _times(spacing))
        )
        right.set_ylabel("Atomic layers")
        ax.legend(frameon=False, loc="upper left", fontsize="small")
        return ax


def film(
    trajectory: Trajectory,
    *,
    rule: PhaseRule | None = None,
    film_volume_A3: float = LICL_VOLUME_A3,
    layer_spacing_A: float = LICL_SPACING_A,
    most_frames: int = _MOST_FRAMES,
    progress: Callable[[int, int], None] | None = None,
) -> FilmResult:
    r"""Film that has formed between metal and electrolyte, against time.

    Parameters
    ----------
    trajectory
        Read once, in blocks, and a few of its last frames again.
    rule
        What makes an atom part of a phase; that of Li | Li2ZrCl6 by default.
    film_volume_A3
        Volume of the film per anion, Å³ (LiCl: 33.75).
    layer_spacing_A
        Distance between its atomic layers, Å (LiCl, (200) planes: 2.565).
    most_frames
        Frames are taken evenly spread over the trajectory, at most this many.
    progress
        Called with the frames done and all frames.

    Returns
    -------
    FilmResult
        Thickness, phases, boundaries, roughness and the law of growth.

    Raises
    ------
    InputError
        If an element is missing, or the trajectory has no contact of metal and
        electrolyte.

    Notes
    -----
    .. math:: h = \frac{N_\mathrm{film}\, v}{A\, n}

    | symbol | variable |
    |---|---|
    | h | ``thickness_A`` |
    | N | anions whose phase is the film |
    | v | ``film_volume_A3`` |
    | A | area of the cell in the plane of a and b |
    | n | ``n_contacts``: 2 for a slab between two faces of the metal |

    This is the thickness of a closed, dense film of the same amount; it grows smoothly
    from the first ion on. ``extent_A`` is the geometrical one.

    """
    chosen = rule or PhaseRule()
    for name, value in (
        ("film_volume_A3", film_volume_A3),
        ("layer_spacing_A", layer_spacing_A),
        ("most_frames", most_frames),
    ):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name} must be positive; got {value!r}.")
    stride = max(1, -(-trajectory.n_frames // most_frames))
    anions = trajectory.indices_of(chosen.anion)
    seen = _Seen(n_atoms=trajectory.n_atoms, anions=anions)
    for frame in interface_frames(trajectory, rule=chosen, stride=stride):
        seen.add(frame)
        if progress is not None:
            progress(frame.index + 1, trajectory.n_frames)
    contacts = np.array(seen.contacts)
    n_contacts = round(float(np.median(contacts.sum(axis=1))))
    if n_contacts == 0:
        raise InputError(
            "trajectory must hold metal that touches the electrolyte; got none in "
            f"{str(trajectory.path)!r}. Name the metal, or analyse an interface run."
        )
    times = trajectory.times_ps[np.array(seen.indices)]
    per_anion = film_volume_A3 / np.array(seen.areas) / n_contacts
    thickness = np.array(seen.film) * per_anion
    n_last = max(1, round(_LAST_SHARE * len(times)))
    final, half = _mean_and_half_interval(thickness[-n_last:])
    growth = growth_law(times, thickness) if len(times) >= _LEAST_FOR_LAW else None
    span = max(float(times[-1] - times[0]), 1e-12)
    counts = np.array(seen.counts)
    metal, host = np.array(seen.metal), np.array(seen.electrolyte)
    return FilmResult(
        times_ps=times,
        thickness_A=thickness,
        layers=thickness / layer_spacing_A,
        extent_A=_mean_of_contacts(metal - host),
        phase_counts={name: counts[:, i] for i, name in enumerate(PHASES)},
        electrolyte_A=host,
        roughness_A=_mean_of_contacts(
            np.where(contacts, np.array(seen.roughness), np.nan)
        ),
        final_thickness_A=final,
        final_thickness_interval_A=(max(final - half, 0.0), final + half),
        final_layers=final / layer_spacing_A,
        n_contacts=n_contacts,
        growth_law="undetermined" if growth is None else growth.law,
        growth=growth,
        label_changes_per_ps=seen.n_changes / trajectory.n_atoms / span,
        intermediate_share=float(counts[:, INTERMEDIATE].mean() / trajectory.n_atoms),
        sensitivity=_sensitivity(
            trajectory,
            chosen,
            indices=seen.indices[-n_last:],
            volume=film_volume_A3 / n_contacts,
        ),
        rule=chosen,
        film_volume_A3=film_volume_A3,
        layer_spacing_A=layer_spacing_A,
        stride=stride,
    )


def _times(factor: float) -> Callable[[Any], Any]:
    """Scale of the second axis."""
    return lambda values: values * factor


class _Seen:
    """Numbers of the frames so far."""

    def __init__(self, *, n_atoms: int, anions: NDArray[np.int64]) -> None:
        self.anions = anions
        self.n_changes = 0
        self.indices: list[int] = []
        self.areas: list[float] = []
        self.film: list[int] = []
        self.counts: list[NDArray[np.int64]] = []
        self.contacts: list[NDArray[np.bool_]] = []
        self.electrolyte: list[NDArray[np.float64]] = []
        self.metal: list[NDArray[np.float64]] = []
        self.roughness: list[NDArray[np.float64]] = []
        self._last = np.empty(n_atoms, dtype=np.int8)

    def add(self, frame: InterfaceFrame) -> None:
        """Take in a frame."""
        if self.indices:
            self.n_changes += int((frame.labels != self._last).sum())
        self._last = frame.labels
        self.indices.append(frame.index)
        self.areas.append(frame.area_A2)
        self.film.append(int((frame.labels[self.anions] == FILM).sum()))
        self.counts.append(np.bincount(frame.labels, minlength=len(PHASES)))
        self.contacts.append(frame.contacts)
        self.electrolyte.append(frame.electrolyte_A)
        self.metal.append(frame.metal_A)
        self.roughness.append(frame.roughness_A)


def _mean_of_contacts(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) mean of (n, 2) over what is finite; NaN where nothing is."""
    finite = np.isfinite(values)
    total = np.where(finite, values, 0.0).sum(axis=1)
    number = finite.sum(axis=1)
    mean = total / np.maximum(number, 1)
    return np.where(number > 0, mean, np.nan)


def _mean_and_half_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and half of its 95 % interval, from the means of five blocks."""
    mean = float(values.mean())
    blocks = [block.mean() for block in np.array_split(values, 5) if len(block)]
    if len(blocks) < 5 or np.ptp(values) == 0:  # noqa: PLR2004 (blocks)
        return mean, 0.0 if np.ptp(values) == 0 else float(np.ptp(values))
    return mean, 2.776 * float(np.std(blocks, ddof=1)) / np.sqrt(5)


def _sensitivity(
    trajectory: Trajectory, rule: PhaseRule, *, indices: list[int], volume: float
) -> tuple[FilmSensitivity, ...]:
    """Compute the final thickness with each distance and count changed."""
    stride = max(1, -(-(indices[-1] - indices[0] + 1) // _MOST_AGAIN))
    anions = trajectory.indices_of(rule.anion)
    rows = []
    for key, change in (
        ("cation_anion_A", _CHANGE_A),
        ("metal_anion_A", _CHANGE_A),
        ("least_metal_of_anion", 1),
        ("least_anions_of_cation", 1),
    ):
        for sign in (-1, 1):
            value = getattr(rule, key) + sign * change
            changed: dict[str, Any] = {key: value}
            other = replace(rule, **changed)
            labeller = PhaseLabeller(trajectory.initial, rule=other)
            found = [
                float((labeller.labels(positions, cell)[anions] == FILM).sum())
                * volume
                / float(np.linalg.norm(np.cross(*complete_cell(cell)[:2])))
                for chunk in trajectory.frames(indices[0], stride=stride)
                for positions, cell in zip(chunk.positions, chunk.cells, strict=True)
            ]
            rows.append(
                FilmSensitivity(
                    key=key, value=value, final_thickness_A=float(np.mean(found))
                )
            )
    return tuple(rows)
