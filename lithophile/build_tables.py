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
            f"Tasker type {slab['tasker_type'] or 'unknown'}"
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
    cuts = {
        "index": "cut",
        "plane_below": "below",
        "plane_above": "above",
        "gap_A": "gap (Å)",
        "symmetric": "symmetric",
        "tasker_type": "Tasker type",
    }
    interfaces = {
        "electrolyte_termination": "electrolyte's cut",
        "metal_termination": "metal's cut",
        "match": "match",
        "n_atoms": "atoms",
        "area_A2": "area (Å²)",
        "mismatch_percent": "mismatch (%)",
    }
    return {
        "cuts of the electrolyte": _columns(plan["electrolyte_terminations"], cuts),
        "cuts of the metal": _columns(plan["metal_terminations"], cuts),
        "matches": _matches_to_read(plan["matches"]),
        "interfaces, smallest first": _columns(plan["interfaces"], interfaces),
        "n_interfaces": len(plan["interfaces"]),
    }


def slabs_to_read(found: Mapping[str, Any]) -> dict[str, Any]:
    """Terminations and slabs for reading."""
    cuts = {
        "index": "cut",
        "plane_below": "below",
        "plane_above": "above",
        "gap_A": "gap (Å)",
        "symmetric": "symmetric",
        "dipole_e_per_A": "dipole (e/Å)",
    }
    slabs = [
        {
            "cuts": f"{row['bottom_termination']}, {row['top_termination']}",
            "formula": row["formula"],
            "thickness (Å)": row["thickness_A"],
            "stoichiometric": row["stoichiometric"],
            "symmetric": row["symmetric"],
            "Tasker type": row["tasker_type"],
        }
        for row in found["slabs"][:MOST_ROWS]
    ]
    return {"terminations": _columns(found["terminations"], cuts), "slabs": slabs}
