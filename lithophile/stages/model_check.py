"""Model check: what every potential must obey."""

from typing import Any

from lithophile.settings import ModelSettings
from lithophile.stages.inputs import model_card, open_potential
from mlip import Potential
from mlip.potential_checks import check_potential


def model_check(settings: ModelSettings) -> dict[str, Any]:
    """Whether a potential's card, gradients, invariances and core are sound."""
    potential = open_potential(settings)
    single = settings.dtype == "float32" or settings.model.startswith("chgnet")
    has_card = model_card(settings.model) is not None
    found = check_potential(
        potential,
        single_precision=single,
        in_other_precision=_other_precision(settings) if has_card else None,
        reloaded=open_potential(settings) if has_card else None,
    )
    checks = {check.name: check.passed for check in found}
    if has_card:
        checks = {"weights_belong_to_the_card": True, **checks}
    return {
        "model": settings.model,
        "checks": checks,
        "passed": all(checks.values()),
        "failures_mean": {c.name: c.meaning for c in found if not c.passed},
        "details": {check.name: check.detail for check in found if check.detail},
        "deviations": {check.name: check.deviation for check in found},
        "tolerances": {check.name: check.tolerance for check in found},
    }


def _other_precision(settings: ModelSettings) -> Potential:
    other = "float64" if settings.dtype == "float32" else "float32"
    return open_potential(settings.model_copy(update={"dtype": other}))
