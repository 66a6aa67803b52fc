"""Energies of compounds that a table lacks, anchored on phases that it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ase import Atoms

from mlip.potential import Potential
from screening.balanced_formation import balanced_formation
from screening.entries import Entries
from screening.formulas import read_formula
from training_data.errors import Failure, InputError


@dataclass(frozen=True, kw_only=True)
class CompoundEnergy:
    """Formation energy of a compound, by what is known of it.

    Parameters
    ----------
    formula
        The compound as it was given.
    scheme
        Correction scheme of the energies, that of the entries.
    anchored_eV_per_atom
        Formation energy from a potential, anchored on phases of the entries
        [eV/atom]; None where no energy of a potential is known.
    hull_eV_per_atom
        Energy of the hull of the entries at this composition [eV/atom].
    reaction
        Phases that the compound was anchored on: formula → formula units per formula
        unit of the compound, negative for phases that are released.
    reaction_energy_eV_per_formula_unit
        Energy of that reaction by the potential [eV]; None without one.
    source
        Where the energy comes from, such as the name of the potential.
    energy_eV_per_atom
        Best energy there is: the anchored one, else that of the hull [eV/atom].
    energy_above_hull_eV_per_atom
        Best energy relative to the hull [eV/atom]; zero for the hull energy, negative
        for a compound that would be stable.
    uncertainty_eV_per_atom
        Spread of the two estimates [eV/atom]; None where there is one alone.

    """

    formula: str
    scheme: str
    anchored_eV_per_atom: float | None
    hull_eV_per_atom: float
    reaction: dict[str, float]
    reaction_energy_eV_per_formula_unit: float | None
    source: str

    energy_eV_per_atom: float = field(init=False)
    energy_above_hull_eV_per_atom: float = field(init=False)
    uncertainty_eV_per_atom: float | None = field(init=False)

    def __post_init__(self) -> None:
        anchored, hull = self.anchored_eV_per_atom, self.hull_eV_per_atom
        best = hull if anchored is None else anchored
        spread = None if anchored is None else abs(anchored - hull)
        object.__setattr__(self, "energy_eV_per_atom", best)
        object.__setattr__(self, "energy_above_hull_eV_per_atom", best - hull)
        object.__setattr__(self, "uncertainty_eV_per_atom", spread)

    def to_entries(self) -> Entries:
        """One entry with the best energy, to be merged with others of the scheme."""
        return Entries.of(
            {self.formula: self.energy_eV_per_atom},
            scheme=self.scheme,
            source=self.source,
        )

    def to_json(self) -> dict[str, Any]:
        """Numbers of the compound, null where they are not known."""
        return {
            "formula": self.formula,
            "scheme": self.scheme,
            "energy_eV_per_atom": self.energy_eV_per_atom,
            "anchored_eV_per_atom": self.anchored_eV_per_atom,
            "hull_eV_per_atom": self.hull_eV_per_atom,
            "energy_above_hull_eV_per_atom": self.energy_above_hull_eV_per_atom,
            "uncertainty_eV_per_atom": self.uncertainty_eV_per_atom,
            "reaction": self.reaction,
            "reaction_energy_eV_per_formula_unit": (
                self.reaction_energy_eV_per_formula_unit
            ),
            "source": self.source,
        }


def hull_compound_energy(formula: str, *, entries: Entries) -> CompoundEnergy:
    """Energy of a compound as that of the hull: the fallback without any calculation.

    Parameters
    ----------
    formula
        The compound.
    entries
        What the hull is made of.

    Returns
    -------
    CompoundEnergy
        Without an anchored energy and without an uncertainty.

    Notes
    -----
    The compound is taken to be neither stable nor unstable against decomposition, so
    that reactions with it are as weak as they can be for a compound that is not on the
    hull. Li7La3Zr2O12 itself lies 7 meV/atom above it.

    Examples
    --------
    >>> own = Entries.of({"MgO": -3.0}, scheme="PBE", source="own")
    >>> hull_compound_energy("Mg2O", entries=own).energy_eV_per_atom
    -2.0

    """
    return CompoundEnergy(
        formula=formula,
        scheme=entries.scheme,
        anchored_eV_per_atom=None,
        hull_eV_per_atom=entries.hull_energy(formula),
        reaction={},
        reaction_energy_eV_per_formula_unit=None,
        source="hull",
    )


def anchored_energy(
    formula: str,
    *,
    energy_eV: float,
    host: str,
    phase_energies_eV: Mapping[str, float],
    entries: Entries,
    source: str,
) -> CompoundEnergy:
    """Energy of a compound from a potential, anchored on phases of known energy.

    The potential answers only for the energy of a reaction in which the compound
    forms from its host and a few reference phases; the energies of these come from
    the entries. What the potential gets wrong in the same way on both sides, such as
    its zero, its level of theory or an error per M-O bond, cancels.

    Parameters
    ----------
    formula
        The compound, such as ``"Li6.25La3Zr2Al0.25O12"`` or that of a whole cell.
    energy_eV
        Its total energy by the potential, for just these atoms [eV].
    host
        Compound that was doped, one of the phases: ``"Li7La3Zr2O12"``.
    phase_energies_eV
        Formula → total energy by the same potential for just these atoms [eV]: of the
        host and of reference phases that bring and take the other atoms, such as
        Li2O, La2O3, ZrO2 and the dopant's oxide.
    entries
        Where the formation energies of all these phases come from.
    source
        Name of the potential, for the record.

    Returns
    -------
    CompoundEnergy
        The anchored energy beside that of the hull, and the reaction.

    Raises
    ------
    InputError
        If the phases cannot be balanced with the compound, one of them is not among
        the entries, or an energy is not finite.

    Notes
    -----
    With the balanced reaction: compound = ν_0 host + Σ ν_k phase k (ν_k of both
    signs),

        ΔE_pot = E_pot(compound) − ν_0 E_pot(host) − Σ ν_k E_pot(k)

        E_f(compound) = ν_0 E_f(host) + Σ ν_k E_f(k) + ΔE_pot

    | symbol | here |
    |---|---|
    | E_pot | `energy_eV`, `phase_energies_eV` |
    | E_f | formation energies of the entries |
    | ν_0, ν_k | `reaction` |

    For ν_0 = 1 this is E_f(host) + [E_pot(compound) − E_pot(host) − Σ Δn_i μ_i] with
    the exchanged atoms' chemical potentials μ_i from the phases. ν_0 is how
    often most elements of the host fit into the compound; where more phases are given
    than needed, the reaction exchanges as few atoms as can be.

    The phases should be like the compound: oxides for an oxide, each element in its
    oxidation state there. Then the corrections that one scheme makes per anion, or for
    a transition metal in oxides, stand on both sides and cancel even where the
    potential was trained on another scheme. Metals and O2 as phases spoil this. The
    host's energy should be that of the structure that the entry stands for.

    Examples
    --------
    >>> own = Entries.of(
    ...     {"Li2ZrO3": -3.0, "ZrO2": -3.5, "HfO2": -3.8},
    ...     scheme="PBE",
    ...     source="own",
    ... )
    >>> found = anchored_energy(
    ...     "Li4ZrHfO6",
    ...     energy_eV=-61.0,
    ...     host="Li2ZrO3",
    ...     phase_energies_eV={"Li2ZrO3": -30.0, "ZrO2": -20.0, "HfO2": -21.0},
    ...     entries=own,
    ...     source="a potential",
    ... )
    >>> found.reaction, found.reaction_energy_eV_per_formula_unit
    ({'Li2ZrO3': 2.0, 'ZrO2': -1.0, 'HfO2': 1.0}, 0.0)
    >>> round(found.energy_eV_per_atom * 12, 3)  # 2 × (-18) + 10.5 - 11.4
    -36.9

    """
    _check_energies(formula, energy_eV, phase_energies_eV)
    if host not in phase_energies_eV:
        raise InputError(
            f"phase_energies_eV must hold the host {host!r}; got "
            f"{', '.join(phase_energies_eV)}. Add the host's energy by the potential."
        )
    amounts = read_formula(formula)
    reaction = balanced_formation(formula, host=host, phases=list(phase_energies_eV))
    change = energy_eV
    formation = 0.0
    for phase, units in reaction.items():
        change -= units * phase_energies_eV[phase]
        n_atoms = sum(read_formula(phase).values())
        formation += units * n_atoms * entries.formation_energy(phase)
    return CompoundEnergy(
        formula=formula,
        scheme=entries.scheme,
        anchored_eV_per_atom=(formation + change) / sum(amounts.values()),
        hull_eV_per_atom=entries.hull_energy(formula),
        reaction=reaction,
        reaction_energy_eV_per_formula_unit=change,
        source=source,
    )


def anchored_energies(
    compounds: Sequence[Atoms],
    potential: Potential,
    *,
    host: Atoms,
    phases: Sequence[Atoms],
    entries: Entries,
) -> tuple[CompoundEnergy | Failure, ...]:
    """Anchored energies of many cells, evaluated with their phases in one batch.

    Parameters
    ----------
    compounds
        Cells at rest with the potential; they are not relaxed here.
    potential
        What evaluates everything.
    host
        Cell of the compound that was doped, at rest.
    phases
        Reference phases at rest.
    entries
        Where the formation energies of host and phases come from.

    Returns
    -------
    tuple
        One energy, or the failure with the index of the compound, per compound.

    Raises
    ------
    InputError
        If host or a phase cannot be evaluated, or is not among the entries.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> from mlip.ase_potential import AsePotential
    >>> alloy = bulk("Cu", cubic=True)
    >>> alloy.symbols[0] = "Au"
    >>> known = Entries.of({"Cu3Au": -0.05}, scheme="PBE", source="own")
    >>> (found,) = anchored_energies(
    ...     [alloy.repeat(2)],
    ...     AsePotential(EMT()),
    ...     host=alloy,
    ...     phases=[bulk("Cu"), bulk("Au")],
    ...     entries=known,
    ... )
    >>> round(found.energy_eV_per_atom, 6)
    -0.05

    """
    references = [host, *phases]
    evaluation = potential.evaluate([*references, *compounds])
    energies = evaluation.energies
    names = [atoms.get_chemical_formula() for atoms in references]
    known = dict(zip(names, map(float, energies), strict=False))
    for name in names:
        if not np.isfinite(known[name]):
            raise InputError(
                f"phases must be evaluated by the potential {potential.name!r}; got no "
                f"energy of {name}. Relax it, or give another phase."
            )
        entries.formation_energy(name)  # says so before the compounds are looked at
    reasons = {failure.id: failure.reason for failure in evaluation.failures}
    found: list[CompoundEnergy | Failure] = []
    for index, atoms in enumerate(compounds):
        position = len(references) + index
        if str(position) in reasons:
            found.append(Failure(str(index), reasons[str(position)]))
            continue
        try:
            found.append(
                anchored_energy(
                    atoms.get_chemical_formula(),
                    energy_eV=float(energies[position]),
                    host=names[0],
                    phase_energies_eV=known,
                    entries=entries,
                    source=potential.identity,
                )
            )
        except InputError as error:
            found.append(Failure(str(index), str(error)))
    return tuple(found)


def _check_energies(
    formula: str, energy_eV: float, phase_energies_eV: Mapping[str, float]
) -> None:
    """Refuse energies that are none."""
    for name, energy in ((formula, energy_eV), *phase_energies_eV.items()):
        if not np.isfinite(energy):
            raise InputError(
                f"energies must be finite; got {energy!r} for {name}. "
                "Leave out a compound or a phase without an energy."
            )
