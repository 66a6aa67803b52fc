"""Model check: what every potential must obey."""

from typing import Any

from lithophile.settings import ModelSettings
from lithophile.stages.inputs import model_card, open_potential
from mlip.potential_checks import check_potential


def model_check(settings: ModelSettings) -> dict[str, Any]:
    """Whether a potential's card, gradients and invariances are sound."""
    potential = open_potential(settings)
    single = settings.dtype == "float32" or settings.model.startswith("chgnet")
    found = check_potential(potential, single_precision=single)
    checks = {check.name: check.passed for check in found}
    if model_card(settings.model) is not None:
        checks = {"weights_belong_to_the_card": True, **checks}
    return {
        "model": settings.model,
        "checks": checks,
        "passed": all(checks.values()),
        "deviations": {check.name: check.deviation for check in found},
        "tolerances": {check.name: check.tolerance for check in found},
    }
