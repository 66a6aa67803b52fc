"""Reactions as tables that fit a terminal."""

from collections.abc import Mapping
from typing import Any


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
    if "figures" in result:
        shown["figures"] = list(result["figures"].values())
    return shown


def _line(reaction: Mapping[str, Any]) -> dict[str, Any]:
    """Energies and equation of one reaction."""
    return {
        "eV/f.u.": round(reaction["energy_eV_per_formula_unit"], 4),
        "eV/atom": round(reaction["energy_eV_per_atom"], 4),
        "reaction": reaction["equation"],
    }


def _interphase(found: Mapping[str, Any]) -> dict[str, Any]:
    """Products with their numbers, then the verdicts."""
    products = [
        {
            "product": each["formula"],
            "amount": each["amount"],
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
    if found["dopant"]:
        name = f"products that hold {found['dopant']} insulate (rule A)"
        verdicts = {name: found["rule_a"], **verdicts}
    return {"products": products, **verdicts}
