"""Models that can be named."""

from typing import Any

from mlip import available_models


def model_list() -> dict[str, Any]:
    """Name, elements, level of theory and default of every potential."""
    return {
        "models": [
            {
                "name": entry.name,
                "elements": sorted(entry.elements) if entry.elements else None,
                "level_of_theory": entry.level_of_theory,
                "default": entry.default,
            }
            for entry in available_models()
        ]
    }
