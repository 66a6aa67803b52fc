"""Several potentials that answer together, and how far they disagree."""

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
from ase import Atoms

from mlip.dispersion_potential import DispersionPotential
from mlip.evaluation import Evaluation, Prediction
from mlip.potential import Potential, Session
from training_data.errors import InputError

Answer = Literal["mean", "first"]


class CommitteePotential(Potential):
    r"""Potential of a committee: its mean, or its first member watched by the others.

    Members that were trained on the same labels from different seeds (or on different
    parts of them) agree where they have data and drift apart where they have none, so
    that their disagreement marks structures that should be labelled next.

    Parameters
    ----------
    members
        At least two potentials of one level of theory.
    answer
        ``"mean"``: energies, forces and stresses are the means of all members, and
        each call costs the sum of theirs. ``"first"``: they are those of the first
        member; in a session the others are asked only when the disagreement is.
    name
        Name for reports; by default made of the members' names.

    Raises
    ------
    InputError
        When there are fewer than two members, their levels of theory differ, or no
        element is known to all.

    Notes
    -----
    .. math:: \sigma_E = \sqrt{\tfrac1M \sum_m (E_m - \bar E)^2}, \qquad
              \sigma_i = \sqrt{\tfrac1M \sum_m |\mathbf F_{mi} - \bar{\mathbf F}_i|^2}

    the model deviation of DP-GEN, so that thresholds from the literature carry over.
    The bars are means over all M members also when the first one alone answers.

    | symbol | variable |
    |---|---|
    | M | ``n_members`` |
    | σ_E | ``Evaluation.energy_spreads`` (eV) |
    | σ_i | ``Evaluation.force_spreads`` (eV/Å), :meth:`Session.disagreement` |

    References
    ----------
    Y. Zhang et al., Comput. Phys. Commun. 253, 107206 (2020),
    doi:10.1016/j.cpc.2020.107206.

    Examples
    --------
    Two wells of depth 1 and 3 meV at a distance of r = 2^(1/6) σ: mean 2, spread 1.

    >>> from ase.calculators.lj import LennardJones
    >>> from mlip.ase_potential import AsePotential
    >>> pair = Atoms("Ar2", [[0, 0, 0], [3 * 2 ** (1 / 6), 0, 0]])
    >>> wells = [
    ...     AsePotential(LennardJones(sigma=3, epsilon=e, rc=60)) for e in (1e-3, 3e-3)
    ... ]
    >>> answer = CommitteePotential(wells).evaluate([pair])
    >>> (1e3 * answer.energies).round(6).tolist()
    [-2.0]
    >>> (1e3 * answer.energy_spreads).round(6).tolist()
    [1.0]

    """

    def __init__(
        self, members: Sequence[Potential], *, answer: Answer = "mean", name: str = ""
    ) -> None:
        self.members = tuple(members)
        self.answer: Answer = answer
        _check(self.members)
        self.n_members = len(self.members)
        title = "committee" if answer == "mean" else "watched"
        self.name = name or f"{title}:{','.join(m.name for m in self.members)}"
        self.species = _shared_species(self.members)
        self.level = self.members[0].level
        told = "\n".join(m.identity for m in self.members).encode()
        digest = hashlib.sha256(told).hexdigest()[:12]
        self.fingerprint = f"{answer} of {self.n_members}, sha256 {digest}"

    def _predict(self, structures: Sequence[Atoms]) -> list[Prediction | str]:
        answers = [member.evaluate(structures) for member in self.members]
        reasons: dict[int, str] = {}
        for member, told in zip(self.members, answers, strict=True):
            for failure in told.failures:
                reasons.setdefault(int(failure.id), f"{member.name}: {failure.reason}")
        return [
            reasons[index] if index in reasons else self._combined(answers, index)
            for index in range(len(structures))
        ]

    def _combined(self, answers: Sequence[Evaluation], index: int) -> Prediction:
        energies = np.array([told.energies[index] for told in answers])
        forces = np.stack([told.forces[index] for told in answers])
        stresses = np.stack([told.stresses[index] for told in answers])
        alone = self.answer == "first"
        return Prediction(
            energy=float(energies[0] if alone else energies.mean()),
            forces=forces[0] if alone else forces.mean(axis=0),
            stress=stresses[0] if alone else stresses.mean(axis=0),
            energy_spread=float(energies.std()),
            force_spreads=force_spreads(forces),
        )

    def session(self, atoms: Atoms) -> Session:
        """Session that holds one session of every member."""
        return _CommitteeSession(
            [member.session(atoms) for member in self.members],
            alone=self.answer == "first",
        )


class _CommitteeSession(Session):
    def __init__(self, sessions: Sequence[Session], *, alone: bool) -> None:
        self._sessions = tuple(sessions)
        self._alone = alone
        self._where: tuple[np.ndarray, np.ndarray] | None = None
        self._forces: list[np.ndarray] = []

    def evaluate(
        self, positions: np.ndarray, cell: np.ndarray, *, stress: bool = True
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """Energy (eV), forces (eV/Å) and stress (eV/Å³); see :class:`Session`."""
        asked = self._sessions[:1] if self._alone else self._sessions
        answers = [one.evaluate(positions, cell, stress=stress) for one in asked]
        self._where = (np.array(positions), np.array(cell))
        self._forces = [np.asarray(forces) for _, forces, _ in answers]
        if self._alone:
            return answers[0]
        return (
            float(np.mean([energy for energy, _, _ in answers])),
            np.mean(self._forces, axis=0),
            np.mean([voigt for _, _, voigt in answers], axis=0),
        )

    def disagreement(self, positions: np.ndarray, cell: np.ndarray) -> np.ndarray:
        """Spread of the forces on each atom (eV/Å); see :class:`Session`.

        Forces that were computed at these very positions are not computed again.
        """
        here = self._where is not None and (
            np.array_equal(self._where[0], positions)
            and np.array_equal(self._where[1], cell)
        )
        if not here:
            self._where = (np.array(positions), np.array(cell))
            self._forces = []
        for one in self._sessions[len(self._forces) :]:
            self._forces.append(
                np.asarray(one.evaluate(positions, cell, stress=False)[1])
            )
        return force_spreads(np.stack(self._forces))


def force_spreads(forces: np.ndarray) -> np.ndarray:
    """Spread of the forces on each atom between the members of a committee.

    Parameters
    ----------
    forces
        Of each member, shape (n_members, n_atoms, 3) in eV/Å.

    Returns
    -------
    numpy.ndarray
        Root mean squared distance from the mean, shape (n_atoms,) in eV/Å.

    Examples
    --------
    >>> force_spreads(np.array([[[1.0, 0, 0]], [[0, 1.0, 0]]])).round(6).tolist()
    [0.707107]

    """
    away = forces - forces.mean(axis=0)
    squared: np.ndarray = np.einsum("mix,mix->i", away, away)
    return np.asarray(np.sqrt(squared / len(forces)))


def build_committee(
    members: Sequence[Potential], *, answer: Answer = "mean"
) -> Potential:
    """Committee of potentials, with the dispersion they share computed once.

    Parameters
    ----------
    members
        At least two potentials of one level of theory.
    answer
        ``"mean"`` or ``"first"``; see :class:`CommitteePotential`.

    Returns
    -------
    Potential
        A :class:`CommitteePotential`, or a
        :class:`~mlip.dispersion_potential.DispersionPotential` around one.

    Raises
    ------
    InputError
        When two members have the same weights: their disagreement would be zero
        everywhere.

    """
    _require_distinct(members)
    bases = [m.base for m in members if isinstance(m, DispersionPotential)]
    if len(bases) != len(members):
        return CommitteePotential(members, answer=answer)
    named = CommitteePotential(members, answer=answer)
    corrected = DispersionPotential(CommitteePotential(bases, answer=answer))
    corrected.name, corrected.level = named.name, named.level
    corrected.fingerprint = named.fingerprint
    return corrected


def _require_distinct(members: Sequence[Potential]) -> None:
    known: dict[str, str] = {}
    for member in members:
        twin = known.get(member.fingerprint) if member.fingerprint else None
        if twin is not None:
            raise InputError(
                f"committee members must differ; got the weights of {twin!r} twice. "
                "A model always agrees with itself: name others."
            )
        known[member.fingerprint] = member.name


def _check(members: Sequence[Potential]) -> None:
    least = 2
    if len(members) < least:
        raise InputError(
            f"committee must have at least {least} members; got {len(members)}. "
            "Separate the models by commas, or name a folder that holds several."
        )
    levels = {member.level: member.name for member in members}
    if len(levels) > 1:
        told = "; ".join(f"{name!r} at {level}" for level, name in levels.items())
        raise InputError(
            f"committee members must be of one level of theory; got {told}. Their "
            "difference would be that of the levels, not an error."
        )


def _shared_species(members: Sequence[Potential]) -> frozenset[str] | None:
    limited = [member.species for member in members if member.species is not None]
    if not limited:
        return None
    shared = frozenset.intersection(*limited)
    if not shared:
        raise InputError(
            "committee members must know elements in common; got "
            f"{[sorted(known) for known in limited]!r}. Choose models of one system."
        )
    return shared
