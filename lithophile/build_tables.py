"""Interfaces, plans and slabs as short tables for a reader at a terminal."""

from collections.abc import Mapping
from typing import Any

MOST_ROWS = 12


def _columns(
    rows: list[Mapping[str, Any]], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Few columns of many rows, for reading."""
    return [
        {title: row[key] for key, title in names.items()} for row in rows[:MOST_ROWS]
    ]


def _cuts_to_read(rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "cut": row["index"],
            "below | above": f"{row['plane_below']} | {row['plane_above']}",
            "gap (Å)": row["gap_A"],
            "symmetric": row["symmetric"],
            "dipole (e/Å)": row["dipole_e_per_A"],
            "Tasker type": row["tasker_type"],
        }
        for row in rows[:MOST_ROWS]
    ]


def _charge(slab: Mapping[str, Any]) -> str:
    """Whether a slab is neutral, and its charge where it is not."""
    if slab["neutrality"] == "charged":
        return f"charged ({slab['charge_e']:+g} e per in-plane cell)"
    if slab["neutrality"] == "neutral":
        return "neutral"
    return "charge unknown"


def _matches_to_read(rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "match": number,
            "area (Å²)": row["area_A2"],
            "mismatch (%)": row["mismatch_percent"],
            "cells metal | electrolyte": f"{row['metal_multiple']} | "
            f"{row['electrolyte_multiple']}",
            "turned (°)": row["rotation_degree"],
        }
        for number, row in enumerate(rows[:MOST_ROWS])
    ]


def interface_to_read(result: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers of an interface for reading: published ones beside, few columns."""
    shown = {
        key: value
        for key, value in result.items()
        if key
        not in {
            *("candidates", "match", "published", "registry"),
            *("metal_slab", "electrolyte_slab"),
        }
    }
    for side in ("electrolyte", "metal"):
        slab = result[f"{side}_slab"]
        shown[f"{side}_surface"] = (
            f"{slab['bottom_plane']} … {slab['top_plane']}, "
            f"{'stoichiometric' if slab['stoichiometric'] else 'not stoichiometric'}, "
            f"{'symmetric' if slab['symmetric'] else 'not symmetric'}, "
            f"{_charge(slab)}, repeat of Tasker type {slab['tasker_type'] or 'unknown'}"
        )
        shown[f"{side}_termination"] = (
            f"{slab['bottom_termination']}, {slab['top_termination']}: "
            f"{slab['termination_from']}"
        )
    if "published" in result:
        shown["beside the published interface"] = [
            {"": name, "built": result[name], "published": value}
            for name, value in result["published"].items()
        ]
    if "registry" in result:
        shown["corrugation_J_per_m2"] = result["registry"]["corrugation_J_per_m2"]
    shown["matches"] = _matches_to_read(result["candidates"])
    return shown


def plan_to_read(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Plan for reading: the first rows of each table."""
    interfaces = {
        "electrolyte_termination": "electrolyte's cut",
        "metal_termination": "metal's cut",
        "match": "match",
        "n_atoms": "atoms",
        "area_A2": "area (Å²)",
        "mismatch_percent": "mismatch (%)",
    }
    return {
        "cuts of the electrolyte": _cuts_to_read(plan["electrolyte_terminations"]),
        "cuts of the metal": _cuts_to_read(plan["metal_terminations"]),
        "matches": _matches_to_read(plan["matches"]),
        "interfaces, smallest first": _columns(plan["interfaces"], interfaces),
        "n_interfaces": len(plan["interfaces"]),
    }


def slabs_to_read(found: Mapping[str, Any]) -> dict[str, Any]:
    """Terminations and slabs for reading."""
    slabs = [
        {
            "cuts": f"{row['bottom_termination']}, {row['top_termination']}",
            "formula": row["formula"],
            "thickness (Å)": row["thickness_A"],
            "charge (e)": row["charge_e"],
            "": row["neutrality"]
            if row["neutrality"] != "unknown"
            else "charge unknown",
            "symmetric": row["symmetric"],
            "stoichiometric": row["stoichiometric"],
            "Tasker (repeat)": row["tasker_type"],
        }
        for row in found["slabs"][:MOST_ROWS]
    ]
    return {"terminations": _cuts_to_read(found["terminations"]), "slabs": slabs}
