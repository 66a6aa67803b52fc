"""Reactions as tables that fit a terminal."""

from collections.abc import Mapping
from typing import Any

NOTHING_EV = 1e-6
"""Energy per atom below which nothing reacts; the hull rounds at less [eV/atom]."""

DECIMALS = 4
DECIMALS_OF_AMOUNTS = 8
"""Amounts come from two algorithms, which differ in the last digits."""


def readable(result: Mapping[str, Any]) -> dict[str, Any]:
    """Reactions and products in few columns; the JSON object holds the rest.

    Examples
    --------
    >>> kink = {
    ...     "equation": "Li2O → Li2O",
    ...     "energy_eV_per_formula_unit": 0.0,
    ...     "energy_eV_per_atom": 0.0,
    ... }
    >>> readable({"compound": "Li2O", "electrode": "Li", "kinks": [kink]})["kinks"]
    [{'eV/f.u.': 0.0, 'eV/atom': 0.0, 'reaction': 'Li2O → Li2O'}]

    """
    shown: dict[str, Any] = {
        key: result[key] for key in ("compound", "electrode") if key in result
    }
    for name in ("kinks", "competing"):
        if name in result:
            shown[name] = [_line(reaction) for reaction in result[name]]
    if "contents" in result:
        shown["contents"] = [
            {"x": entry["content"], **_line(entry)} for entry in result["contents"]
        ]
    if "interphase" in result:
        shown |= _interphase(result["interphase"])
    return {**shown, **_notes(result), **_figures(result)}


def readable_windows(result: Mapping[str, Any]) -> dict[str, Any]:
    """Windows as one line per compound.

    Examples
    --------
    >>> one = {
    ...     "compound": "LiCl",
    ...     "reduction_V": 0.0,
    ...     "oxidation_V": 4.2552,
    ...     "stable_phases": {"LiCl": 1.0},
    ...     "reduction": None,
    ...     "oxidation": {"equation": "LiCl → 0.5 Cl2 + Li"},
    ... }
    >>> readable_windows(one)["windows"][0]["at oxidation"]
    'LiCl → 0.5 Cl2 + Li'

    """
    windows = [
        {
            "compound": each["compound"],
            "from (V)": round(each["reduction_V"], 3),
            "to (V)": None
            if each["oxidation_V"] is None
            else round(each["oxidation_V"], 3),
            "stable in between": " + ".join(each["stable_phases"]),
            "at reduction": (each["reduction"] or {}).get("equation"),
            "at oxidation": (each["oxidation"] or {}).get("equation"),
        }
        for each in result.get("windows", [result])
    ]
    return {"windows": windows, **_notes(result), **_figures(result)}


def readable_map(result: Mapping[str, Any]) -> dict[str, Any]:
    """Stability map as one line per pair, the strongest reaction of each."""
    pairs = [
        {
            "electrolyte": each["electrolyte"],
            "electrode": each["electrode"],
            "eV/atom": _rounded(each["energy_eV_per_atom"]),
            "reaction": each["equation"]
            if each["energy_eV_per_atom"] < -NOTHING_EV
            else "none",
        }
        for each in result["strongest"]
    ]
    return {"strongest": pairs, **_notes(result), **_figures(result)}


def _notes(result: Mapping[str, Any]) -> dict[str, Any]:
    """Show the notes of a result, where there are any."""
    return {"notes": list(result["notes"])} if result.get("notes") else {}


def _figures(result: Mapping[str, Any]) -> dict[str, Any]:
    """Paths of the figures, where any were drawn."""
    return {"figures": list(result["figures"].values())} if "figures" in result else {}


def _rounded(energy_eV: float) -> float:
    """Energy in four decimals, without the sign of a zero."""
    return round(energy_eV, DECIMALS) + 0.0


def _line(reaction: Mapping[str, Any]) -> dict[str, Any]:
    """Energies and equation of one reaction."""
    return {
        "eV/f.u.": _rounded(reaction["energy_eV_per_formula_unit"]),
        "eV/atom": _rounded(reaction["energy_eV_per_atom"]),
        "reaction": reaction["equation"],
    }


def _interphase(found: Mapping[str, Any]) -> dict[str, Any]:
    """Products with their numbers, then the verdicts."""
    products = [
        {
            "product": each["formula"],
            "amount": round(each["amount"], DECIMALS_OF_AMOUNTS),
            "PBE gap (eV)": each["gap_pbe_lowest_eV"],
            "measured (eV)": each["gap_measured_eV"],
            "volume (Å³)": each["volume_A3"],
            "σ(Li) (S/cm)": each["conductivity_S_per_cm"],
        }
        for each in found["products"]
    ]
    with_electrode = found["volume_change_with_electrode_percent"]
    verdicts = {
        "all products insulate (rule B)": found["rule_b"],
        "volume change (%)": found["volume_change_percent"],
        "volume change with the electrode (%)": with_electrode,
    }
    volume_A3 = found.get("compound_volume_A3")
    of = f"volume of {found.get('compound_volume_of')} (Å³)"
    verdicts[of] = "not known" if volume_A3 is None else volume_A3
    missing = ", ".join(found["unknown_volumes"])
    if missing:
        verdicts["products of unknown volume"] = missing
    if found["dopant"]:
        name = f"products that hold {found['dopant']} insulate (rule A)"
        verdicts = {name: found["rule_a"], **verdicts}
    return {"products": products, **verdicts}
