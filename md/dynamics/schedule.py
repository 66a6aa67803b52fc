"""Temperature of the thermostat against the step: heat, hold, quench."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Segment(BaseModel):
    """One part of a temperature schedule.

    Examples
    --------
    >>> Segment(kind="heat", temperature_K=400, duration_ps=10).steps(timestep_fs=2)
    5000

    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: Literal["heat", "hold", "quench"] = Field(
        description="heat and quench: linear to temperature_K; hold: constant."
    )
    temperature_K: float | None = Field(
        default=None,
        ge=0,
        description="Temperature of the thermostat at the end (K) of heat and quench; "
        "hold keeps that of the segment before.",
    )
    n_steps: int | None = Field(default=None, ge=1, description="Length in steps.")
    duration_ps: float | None = Field(
        default=None, gt=0, description="Length in ps, in place of n_steps."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind == "hold") != (self.temperature_K is None):
            msg = (
                "temperature_K must be given for heat and quench, and not for hold; "
                f"got {self.temperature_K!r} for {self.kind}. Quench in one step "
                "(n_steps: 1) to change the temperature at once."
            )
            raise ValueError(msg)
        if self.n_steps is not None and self.duration_ps is not None:
            msg = (
                "length must be given as n_steps or as duration_ps; got both, "
                f"{self.n_steps!r} and {self.duration_ps!r}. Leave one out."
            )
            raise ValueError(msg)
        return self

    def steps(self, *, timestep_fs: float) -> int | None:
        """Length in steps, the nearest whole number; None when it is open."""
        if self.duration_ps is None:
            return self.n_steps
        return max(1, round(1000.0 * self.duration_ps / timestep_fs))


class TemperatureSchedule:
    """Temperature of the thermostat at every step of a run.

    A function of the number of the step alone, so that a resumed run meets the same
    temperatures.

    Parameters
    ----------
    start_K
        Temperature at step 0 (K).
    segments
        What follows, in order; none: the temperature is constant.
    timestep_fs
        Turns durations into steps.
    n_steps
        Steps of the whole run, which the segments must fill; the last one, if it is a
        hold without a length, takes what is left.

    Raises
    ------
    ValueError
        When the segments do not fill the run, a heat does not heat, or a quench does
        not cool.

    Examples
    --------
    >>> ramp = Segment(kind="heat", temperature_K=400, n_steps=50)
    >>> rest = Segment(kind="hold")
    >>> schedule = TemperatureSchedule(
    ...     300, [ramp, rest], timestep_fs=1, n_steps=200
    ... )
    >>> [schedule.temperature_K(step) for step in (0, 25, 50, 200)]
    [300.0, 350.0, 400.0, 400.0]

    """

    def __init__(
        self,
        start_K: float,
        segments: Sequence[Segment],
        *,
        timestep_fs: float,
        n_steps: int,
    ) -> None:
        self._ends = [0]
        self._temperatures = [float(start_K)]
        for number, segment in enumerate(segments):
            length = segment.steps(timestep_fs=timestep_fs)
            if length is None:
                if segment.kind != "hold" or number != len(segments) - 1:
                    msg = (
                        "schedule must give the length of every segment but a last "
                        f"hold; got none for segment {number} ({segment.kind}). Set "
                        "its n_steps or duration_ps."
                    )
                    raise ValueError(msg)
                length = max(1, n_steps - self._ends[-1])
            self._add(number, segment, length)
        if segments and self._ends[-1] != n_steps:
            lengths = [later - earlier for earlier, later in pairwise(self._ends)]
            msg = (
                f"schedule must fill n_steps, {n_steps}; got "
                f"{' + '.join(map(str, lengths))} = {self._ends[-1]} steps. Set "
                f"n_steps: {self._ends[-1]}, or end with a hold without a length."
            )
            raise ValueError(msg)

    def _add(self, number: int, segment: Segment, length: int) -> None:
        before = self._temperatures[-1]
        after = before if segment.temperature_K is None else segment.temperature_K
        change = {"heat": after - before, "quench": before - after}
        if change.get(segment.kind, 1.0) <= 0:
            way = "above" if segment.kind == "heat" else "below"
            msg = (
                f"schedule must {segment.kind} to a temperature {way} {before:g} K, "
                f"where segment {number} begins; got {after:g} K. Change it, or hold."
            )
            raise ValueError(msg)
        self._ends.append(self._ends[-1] + length)
        self._temperatures.append(float(after))

    @property
    def lowest_K(self) -> float:  # noqa: N802
        """Lowest temperature of the run (K)."""
        return min(self._temperatures)

    def temperature_K(self, step: int) -> float:  # noqa: N802
        """Temperature of the thermostat in a step (K); the last one beyond the end."""
        last = bisect_left(self._ends, step)
        if last == 0:
            return self._temperatures[0]
        if last == len(self._ends):
            return self._temperatures[-1]
        start, end = self._ends[last - 1 : last + 1]
        cold, hot = self._temperatures[last - 1 : last + 1]
        return cold + (hot - cold) * ((step - start) / (end - start))

    def recent_highest_K(self, step: int, *, first_K: float) -> float:  # noqa: N802
        """Highest temperature of the present segment and the one before (K).

        What a guard compares with: after a quench the atoms are still hot.

        Parameters
        ----------
        step
            Its number.
        first_K
            Temperature of the first velocities, which counts where step 0 does.

        """
        last = min(bisect_left(self._ends, step), len(self._ends) - 1)
        first = max(0, last - 2)
        highest = max(self._temperatures[first : last + 1])
        return max(highest, first_K) if first == 0 else highest
