"""Numbers of a run while it goes on: what is shown, and when it may stop."""

import copy
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from lithophile.dynamics_settings import DynamicsSettings
from md.analysis.bonds import BondCriterion
from md.analysis.dissolution import FALLBACK_BREAK_A
from md.analysis.plateau import plateau
from md.analysis.running import (
    RunningDisplacement,
    RunningDissolution,
    rough_diffusivity_cm2_per_s,
)
from md.dynamics import Frame
from md.dynamics.checkpoint import read_checkpoint
from md.trajectory import open_trajectory
from training_data import InputError

_REFRESH_S = 1.0
_RECENT = 0.2  # part of the run so far over which a rate is taken


class LiveNumbers:
    """Observer that keeps up with a run: dissolved fraction, energy, diffusivity.

    Parameters
    ----------
    atoms
        Structure at the start.
    settings
        Of the run.

    Notes
    -----
    What is not in the structure is left out. The break distance of a bond is the one
    that is given or 3.4 Å: the first minimum of g(r), which ``analyze dissolution``
    takes, is known only in the end.

    """

    def __init__(self, atoms: Atoms, settings: DynamicsSettings) -> None:
        self._settings = settings
        self._n_steps = settings.n_steps
        n_frames = settings.n_steps // settings.every + 1
        times_ps = np.arange(n_frames) * settings.every * settings.timestep_fs / 1000
        present = set(atoms.get_chemical_symbols())
        rule = settings.dissolution
        self._trackers: dict[str, Any] = {}
        if {rule.species, rule.ligand} <= present:
            self._trackers["dissolved"] = RunningDissolution(
                atoms,
                times_ps,
                species=rule.species,
                ligand=rule.ligand,
                criterion=BondCriterion(
                    form_A=rule.form_A,
                    break_A=rule.break_A or FALLBACK_BREAK_A,
                    hold_ps=rule.hold_ps,
                ),
            )
        if settings.mobile in present:
            self._trackers["moved"] = RunningDisplacement(
                atoms, species=settings.mobile
            )
        self._series: dict[str, list[float]] = {"step": [], "time": [], "energy": []}
        self._series |= {name: [] for name in self._trackers}
        may_return = "roll_back" in {
            settings.guards.policy,
            *settings.guards.policies.values(),
        }
        depth = settings.checkpoint_every // settings.every + 2 if may_return else 0
        self._before: deque[dict[str, Any]] = deque(maxlen=depth)
        self._clock: list[tuple[float, int]] = []
        self._told: dict[str, Any] = {}
        self._told_at = -np.inf

    def __call__(self, frame: Frame) -> None:
        """Take in a saved frame."""
        self._take(
            frame.step,
            frame.time_ps,
            frame.potential_energy,
            frame.positions,
            frame.cell,
        )

    def replay(self, folder: Path) -> None:
        """Take in the frames before a restart, so that the numbers go on.

        Parameters
        ----------
        folder
            Of the run; nothing happens where it holds no checkpoint.

        """
        checkpoint = folder / "checkpoint.npz"
        if not checkpoint.is_file():
            return
        last = read_checkpoint(checkpoint).step
        with open_trajectory(folder) as trajectory:
            energies = trajectory.observables["potential_energy_eV"]
            turn = trajectory.rotation
            for index, step in enumerate(trajectory.steps):
                if step > last:
                    break
                atoms = trajectory.atoms(index)
                self._take(
                    int(step),
                    float(trajectory.times_ps[index]),
                    float(energies[index]),
                    atoms.positions @ turn,
                    atoms.cell.array @ turn,
                )

    def _take(
        self,
        step: int,
        time_ps: float,
        energy: float,
        positions: np.ndarray,
        cell: np.ndarray,
    ) -> None:
        steps = self._series["step"]
        while steps and steps[-1] >= step:  # a roll back undid these frames
            for values in self._series.values():
                values.pop()
            if self._before:
                self._trackers = self._before.pop()
        if self._before.maxlen:
            self._before.append(copy.deepcopy(self._trackers))
        taken = {"step": step, "time": time_ps, "energy": energy}
        for name, tracker in self._trackers.items():
            place = (positions, cell) if name == "dissolved" else (positions,)
            taken[name] = tracker.advance(*place)
        for name, value in taken.items():
            self._series[name].append(value)

    def shown(self, step: int, numbers: Mapping[str, Any]) -> dict[str, Any]:
        """Numbers of one moment, with rates and the time left.

        Parameters
        ----------
        step
            Steps done.
        numbers
            What the integrator tells.

        """
        now = time.monotonic()
        if now - self._told_at >= _REFRESH_S:
            self._told, self._told_at = {**self._derived(), **self._pace(step)}, now
        return {**numbers, **self._told}

    def _derived(self) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        times = np.array(self._series["time"])
        recent = int((1 - _RECENT) * len(times))
        if "dissolved" in self._series and len(times):
            fractions = self._series["dissolved"]
            name = f"dissolved_{self._settings.dissolution.species}"
            shown[name] = fractions[-1]
            if len(times) - recent > 1:
                gained = fractions[-1] - fractions[recent]
                shown["dissolved_per_ps"] = gained / float(times[-1] - times[recent])
        if "moved" in self._series and len(times):
            moved = np.array(self._series["moved"])
            rough = rough_diffusivity_cm2_per_s(times, moved)
            if np.isfinite(rough):
                shown[f"D_{self._settings.mobile}_cm2_per_s"] = rough
        return shown

    def _pace(self, step: int) -> dict[str, Any]:
        now = time.monotonic()
        self._clock = [*self._clock[-50:], (now, step)]
        then, before = self._clock[0]
        if step <= before or now <= then:
            return {}
        per_s = (step - before) / (now - then)
        ns_per_day = per_s * self._settings.timestep_fs * 1e-6 * 86400
        left = int((self._n_steps - step) / per_s)
        clock = f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d}"
        return {"ns_per_day": ns_per_day, "left": clock}

    def plateau_reason(self, frame: Frame) -> str | None:  # noqa: ARG002 (seen already)
        """Say why the run may end at the frame that was taken in last, or None."""
        wanted = self._settings.stop_on_plateau
        if wanted is None:
            return None
        rising = wanted == "dissolved"
        found = plateau(
            np.array(self._series["time"]),
            np.array(self._series[wanted]),
            window_ps=self._settings.plateau_ps,
            direction="rising" if rising else "falling",
            tolerance=self._settings.plateau_tolerance,
        )
        what = "dissolved fraction" if rising else "potential energy (eV)"
        return f"Plateau of the {what}: {found.reason}." if found.reached else None


def check_plateau(atoms: Atoms, settings: DynamicsSettings) -> None:
    """Refusal of a plateau that cannot be seen, before time is spent.

    Raises
    ------
    InputError
        When the species are not there, or too few frames fall into the window.

    """
    if settings.stop_on_plateau is None:
        return
    rule = settings.dissolution
    missing = {rule.species, rule.ligand} - set(atoms.get_chemical_symbols())
    if settings.stop_on_plateau == "dissolved" and missing:
        raise InputError(
            "stop_on_plateau must be 'energy' where nothing can dissolve; got "
            f"'dissolved' and a structure without {', '.join(sorted(missing))}. Set "
            "dissolution.species and ligand, or use 'energy'."
        )
    spacing_ps = settings.every * settings.timestep_fs / 1000
    least = 20
    if settings.plateau_ps < least * spacing_ps:
        raise InputError(
            f"plateau_ps must hold at least {least} saved frames, "
            f"{least * spacing_ps:g} ps; got {settings.plateau_ps!r}. Lengthen it, or "
            "save more often."
        )


def showing(
    live: LiveNumbers, progress: Callable[[int, int, Mapping[str, Any]], None]
) -> Callable[[int, int, dict[str, float]], None]:
    """Progress that shows the live numbers beside those of the integrator."""

    def update(step: int, n_steps: int, numbers: dict[str, float]) -> None:
        progress(step, n_steps, live.shown(step, numbers))

    return update
