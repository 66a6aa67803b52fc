"""Measured powder pattern from a file of columns."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training_data.errors import InputError

COMMENTS = ("#", "!", ";", "'", '"', "/", "*", "%")
LEAST_POINTS = 20
MOST_COLUMNS = 3
FLOOR_SHARE = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class MeasuredPattern:
    """Measured intensities against the scattering angle.

    Parameters
    ----------
    source
        File that they came from.
    two_theta_deg
        (n,) ascending angles [°].
    intensity
        (n,) counts, or any unit.
    sigma
        (n,) standard uncertainty in the same unit.
    sigma_from
        ``"file"`` or ``"counting"``: the square root of the intensity.

    """

    source: str
    two_theta_deg: NDArray[np.float64]
    intensity: NDArray[np.float64]
    sigma: NDArray[np.float64]
    sigma_from: str

    def __post_init__(self) -> None:
        """Refuse columns that are no pattern."""
        angles, counts, sigma = self.two_theta_deg, self.intensity, self.sigma
        if len(angles) < LEAST_POINTS or not len(angles) == len(counts) == len(sigma):
            raise InputError(
                f"pattern must hold at least {LEAST_POINTS} points; got {len(angles)} "
                f"from '{self.source}'. Give angle and intensity, one pair a line."
            )
        columns = np.column_stack([angles, counts, sigma])
        if not np.isfinite(columns).all():
            raise InputError(
                f"pattern must be finite; got values that are not in '{self.source}'. "
                "Take those lines out."
            )
        if not (np.diff(angles) > 0).all() or angles[0] < 0 or angles[-1] > 180:  # noqa: PLR2004
            raise InputError(
                "two_theta_deg must be different angles between 0 and 180; got "
                f"{angles.min():g} to {angles.max():g} from '{self.source}'. Convert d "
                "or Q to the scattering angle first."
            )
        if not (sigma > 0).all() or not counts.max() > 0:
            raise InputError(
                "intensity must have a positive maximum, and its uncertainty must be "
                f"positive; got a maximum of {counts.max():g} and a least uncertainty "
                f"of {sigma.min():g} from '{self.source}'. Check the columns."
            )

    def within(self, low_deg: float, high_deg: float) -> "MeasuredPattern":
        """Part of the pattern between two angles.

        Parameters
        ----------
        low_deg, high_deg
            Angles [°].

        """
        kept = (self.two_theta_deg >= low_deg) & (self.two_theta_deg <= high_deg)
        return MeasuredPattern(
            source=self.source,
            two_theta_deg=self.two_theta_deg[kept],
            intensity=self.intensity[kept],
            sigma=self.sigma[kept],
            sigma_from=self.sigma_from,
        )


def measured_pattern(
    two_theta_deg: NDArray[np.float64],
    intensity: NDArray[np.float64],
    *,
    sigma: NDArray[np.float64] | None = None,
    source: str = "memory",
) -> MeasuredPattern:
    """Measured pattern from arrays.

    Parameters
    ----------
    two_theta_deg, intensity
        (n,) angles [°], in any order, and intensities.
    sigma
        (n,) standard uncertainties; by default those of counting, the square root of
        the intensity, not below that of a thousandth of the highest one.
    source
        Where they came from, for messages.

    Raises
    ------
    InputError
        If they are no pattern.

    Examples
    --------
    >>> angles = np.linspace(10, 20, 50)
    >>> measured_pattern(angles, np.full(50, 100.0)).sigma[0]
    np.float64(10.0)

    """
    angles = np.asarray(two_theta_deg, dtype=float)
    counts = np.asarray(intensity, dtype=float)
    if angles.shape != counts.shape or angles.ndim != 1:
        raise InputError(
            "intensity must be one value an angle; got shapes "
            f"{angles.shape} and {counts.shape}. Check the columns of '{source}'."
        )
    order = np.argsort(angles, kind="stable")
    angles, counts = angles[order], counts[order]
    if sigma is None:
        highest = float(counts.max()) if len(counts) else 1.0
        least = max(FLOOR_SHARE * highest, np.finfo(float).tiny)
        uncertainty = np.sqrt(np.maximum(counts, least))
    else:
        uncertainty = np.asarray(sigma, dtype=float)[order]
    return MeasuredPattern(
        source=source,
        two_theta_deg=angles,
        intensity=counts,
        sigma=uncertainty,
        sigma_from="counting" if sigma is None else "file",
    )


def read_measured_pattern(path: str | Path) -> MeasuredPattern:
    """Measured pattern from a file of two or three columns.

    Parameters
    ----------
    path
        Text with angle [°], intensity and, if there is one, standard uncertainty,
        separated by blanks, tabs, commas or semicolons (.xy, .xye, .dat, .csv). Lines
        before the first numbers are skipped, so are comments.

    Raises
    ------
    InputError
        If the file is missing, is not made of numbers, or is no pattern.

    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(
            f"pattern must be a file that can be read; got '{path}' "
            f"({error.strerror or error}). Check the name."
        ) from None
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith(COMMENTS):
            continue
        values = _numbers(stripped)
        if values is None:
            if rows:
                raise InputError(
                    f"pattern must hold numbers only; got {stripped[:40]!r} in line "
                    f"{number} of '{path}'. Put # before comments."
                )
            continue
        rows.append(values)
    widths = {len(row) for row in rows}
    if not widths or len(widths) > 1 or not widths <= {2, 3}:
        raise InputError(
            "pattern must have two or three columns throughout; got "
            f"{sorted(widths) or 'none'} in '{path}'. Give angle, intensity and, if "
            "known, uncertainty."
        )
    columns = np.array(rows).T
    sigma = columns[2] if len(columns) == MOST_COLUMNS else None
    return measured_pattern(columns[0], columns[1], sigma=sigma, source=str(path))


def _numbers(line: str) -> list[float] | None:
    """Return the numbers of a line; None where something else stands there."""
    try:
        values = [float(word) for word in re.split(r"[\s,;]+", line.strip(" ,;"))]
    except ValueError:
        return None
    return values if all(map(math.isfinite, values)) else None
