"""Sentences of the report: what was found, in numbers, and what it does not say."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lithophile.report.found import Stage

Stages = Mapping[str, Stage]

SHORT_PS = 100.0
"""Length below which a run is called short [ps]."""


def number(value: object, digits: int = 3) -> str:
    """Write a number with significant digits; a dash for none.

    Examples
    --------
    >>> number(0.0123456), number(1234567.0), number(None), number(12)
    ('0.0123', '1.23e+06', '–', '12')

    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = f"{value:.{digits}g}"
        large = 10**digits <= abs(value) < 1e6  # noqa: PLR2004
        return f"{value:.0f}" if large else text
    return str(value)


def summary(stages: Stages) -> list[str]:
    """Sentences about what the run found, in the order of the line."""
    writers = (_errors, _training, _interface, _dynamics, _dissolution, _transport)
    return [sentence for writer in writers if (sentence := writer(stages))]


def _errors(stages: Stages) -> str:
    if "evaluate" not in stages or not stages["evaluate"].result:
        return ""
    found = stages["evaluate"].result
    total = found["all"]
    kind = (
        "of groups that it was never trained on"
        if found.get("held_out")
        else "(frames it was trained on may be among them)"
    )
    return (
        f"On {found['n_frames']} labelled configurations {kind}, the potential "
        f"{Path(found['model']).name} errs by "
        f"{number(total['energy_rmse_meV_per_atom'])} meV/atom in energy and "
        f"{number(total['force_rmse_meV_per_A'])} meV/Å in force "
        f"(root mean square, against {found['level_of_theory']})."
    )


def _training(stages: Stages) -> str:
    if "train" not in stages or not stages["train"].result:
        return ""
    found = stages["train"].result
    start = stages["train"].settings.get("start_from")
    what = (
        "A copy of the potential was fine-tuned" if start else "A potential was trained"
    )
    return (
        f"{what} for {number(found.get('minutes'), 2)} min "
        f"({found.get('n_epochs', '–')} epochs); on its "
        f"{found.get('judged_on', 'test')} set it errs by "
        f"{number(found['energy_rmse_meV_per_atom'])} meV/atom and "
        f"{number(found['force_rmse_meV_per_A'])} meV/Å."
    )


def _interface(stages: Stages) -> str:
    if "interface" not in stages or "gap_A" not in stages["interface"].result:
        return ""
    found = stages["interface"].result
    return (
        f"The interface has {found['n_atoms']} atoms: "
        f"{number(found['thickness_electrolyte_A'])} Å of electrolyte and "
        f"{number(found['thickness_metal_A'])} Å of metal. To fit, "
        f"{_strain(found, 'metal')} and {_strain(found, 'electrolyte')}."
    )


def _strain(found: Mapping[str, Any], side: str) -> str:
    """Strain of a side, with the direction that its magnitude does not tell."""
    magnitude = f"{number(found[f'strain_{side}_percent'], 2)} %"
    area = found.get(f"area_strain_{side}_percent")
    if not found[f"strain_{side}_percent"]:
        return f"the {side} is not strained"
    if area is None:  # written before the sign was
        return f"the {side} is strained by {magnitude} in magnitude"
    grows = "stretched" if area > 0 else "compressed"
    return (
        f"the {side} is {grows} (area {area:+.2f} %, strain {magnitude} in magnitude)"
    )


def _dynamics(stages: Stages) -> str:
    if "md" not in stages:
        return ""
    stage = stages["md"]
    found = stage.result or stage.stopped
    length = length_ps(stage)
    if length is None:
        return ""
    who = "It" if "interface" in stages else "The structure"
    text = (
        f"{who} was followed for {number(length)} ps at "
        f"{number(stage.settings.get('temperature_K'))} K; the mean temperature of the "
        f"second half was {number(found.get('mean_temperature_K'))} K."
    )
    if stage.stopped:
        text += f" The run was stopped before its end: {stage.stopped['message']}"
    return text


def length_ps(stage: Stage) -> float | None:
    """Length of a dynamics stage in ps; ``None`` where it is not known."""
    steps = (stage.result or stage.stopped).get("n_steps")
    timestep = stage.settings.get("timestep_fs")
    return steps * timestep / 1000 if steps is not None and timestep else None


def _dissolution(stages: Stages) -> str:
    if "dissolution" not in stages or not stages["dissolution"].result:
        return ""
    found = stages["dissolution"].result
    first = found.get("first_event_ps")
    when = f", the first after {number(first)} ps" if first is not None else ""
    text = (
        f"{found['n_dissolved']} of {found['n_total']} {found['species']} atoms lost "
        f"their last bond{when}."
    )
    control = stages.get("control/dissolution")
    if control is not None and control.result:
        text += (
            f" In the control, the same slab without metal, it was "
            f"{control.result['n_dissolved']} of {control.result['n_total']}."
        )
    return text


def _transport(stages: Stages) -> str:
    texts = []
    for name, stage in stages.items():
        if not name.startswith("msd-") or not stage.result:
            continue
        species, found = name.removeprefix("msd-"), stage.result
        value = found.get("diffusivity_cm2_per_s")
        if value is not None:
            low, high = found["diffusivity_interval_cm2_per_s"]
            texts.append(
                f"{species} diffuses with {number(value, 2)} cm²/s "
                f"(95 %: {number(low, 2)} to {number(high, 2)})"
            )
        else:
            texts.append(f"no diffusivity of {species} can be given")
    return "; ".join(texts)[:1].upper() + "; ".join(texts)[1:] + "." if texts else ""


def limits(stages: Stages, domain: str) -> list[str]:
    """Sentences about what the numbers do not say."""
    texts = []
    length = length_ps(stages["md"]) if "md" in stages else None
    if length is not None and length < SHORT_PS:
        texts.append(f"{number(length)} ps is short: {_SHORT}")
    if "md" in stages:
        texts += [_ONE_SEED, _SMALL_CELL]
    if "dissolution" in stages:
        texts.append(_BONDS)
    texts.append(domain or _DOMAIN)
    if "evaluate" in stages and not stages["evaluate"].result.get("held_out"):
        texts.append(_SEEN)
    return texts


_SHORT = (
    "published simulations of this interface (Li et al., Nano Lett. 2022) saw the "
    "first zirconium dissolve after 35 ps at 300 K and two thirds of it within 2 ns. A "
    "run of this length shows how the contact begins to react, not how far it goes."
)
_ONE_SEED = (
    "One trajectory with one seed has no error bar. Repeat it with other seeds, "
    "terminations and gaps before reading a rate from it."
)
_SMALL_CELL = (
    "The cell is small and its lattice fixed: the sides are strained to fit, and the "
    "periodic images of an event are one cell apart."
)
_BONDS = (
    "The dissolved fraction depends on when a bond counts as formed and broken; the "
    "distances and the holding time are stated beside the curve. Where the control "
    "dissolves too, the curve says nothing about lithium."
)
_DOMAIN = (
    "The potential is to be trusted for systems like those it was trained on; its card "
    "lists them. Errors are averages over labelled configurations: a rare one, such as "
    "a transition state, can be much worse."
)
_SEEN = (
    "The errors are over all frames of the file; where the potential was trained on "
    "some of them they are too small."
)
