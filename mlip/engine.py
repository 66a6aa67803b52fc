"""Engines: ways to compute one network, all of which must give the same numbers."""

import importlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from training_data.errors import InputError

if TYPE_CHECKING:
    from mlip.mace_potential import MacePotential
    from mlip.potential import Potential

Engine = Literal["auto", "plain", "fast", "cueq", "fastmace"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
UNTESTED: Mapping[str, str] = {
    "cueq": "cuEquivariance's kernels were never run by lithophile's own tests",
    "fastmace": "fastmace was never run by lithophile's own tests",
}


@dataclass(frozen=True, kw_only=True)
class EngineReport:
    """Engine that was asked for, and the one that computes.

    Parameters
    ----------
    asked
        What the user wanted.
    used
        ``"plain"`` (mace-torch's own code), ``"fast"`` (the same function in
        another order), ``"cueq"``, ``"fastmace"``, or ``"own"`` for a potential that
        has one way to compute only.
    message
        Why another engine computes than the one that was asked for, or what is
        not known about it; empty when there is nothing to say.

    Examples
    --------
    >>> EngineReport(asked="auto", used="fast").to_json()
    {'asked': 'auto', 'used': 'fast', 'message': ''}

    """

    asked: str
    used: str
    message: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


class EngineUnavailableError(Exception):
    """An engine that cannot be used here; the message says why."""


def with_engine(potential: "Potential", *, engine: str = "auto") -> "Potential":
    """Potential whose networks are computed by another engine.

    An engine that is not there is replaced by the one that ``"auto"`` takes, and
    :func:`engine_report` says so. All engines stand for the same function; that
    one really gives the same numbers is for
    :func:`mlip.startup_gate.check_against_reference` to find out.

    Parameters
    ----------
    potential
        Any potential; it is not changed. Networks inside a committee or under a
        dispersion correction are reached; potentials without a MACE network come
        back as they are.
    engine
        ``"auto"``: ``"fast"`` where the network allows it, else ``"plain"``.
        ``"plain"``: mace-torch's own code. ``"fast"``: rearranged for processors,
        see docs/potentials.md. ``"cueq"``: cuEquivariance, on NVIDIA GPUs.
        ``"fastmace"``: the package of that name, on NVIDIA GPUs and
        for structures that are periodic in three directions.

    Raises
    ------
    InputError
        When there is no engine of this name.

    Examples
    --------
    >>> from ase.calculators.lj import LennardJones
    >>> from mlip.ase_potential import AsePotential
    >>> argon = AsePotential(LennardJones)
    >>> with_engine(argon, engine="plain") is argon
    True

    """
    if engine not in ENGINES:
        message = (
            f"engine must be one of {', '.join(ENGINES)}; got {engine!r}. "
            "Leave it out for 'auto'."
        )
        raise InputError(message)
    from mlip.committee import CommitteePotential  # noqa: PLC0415 (cycle)
    from mlip.dispersion_potential import DispersionPotential  # noqa: PLC0415 (cycle)

    if isinstance(potential, DispersionPotential):
        corrected = DispersionPotential(with_engine(potential.base, engine=engine))
        corrected.name, corrected.level = potential.name, potential.level
        return corrected
    if isinstance(potential, CommitteePotential):
        return CommitteePotential(
            [with_engine(member, engine=engine) for member in potential.members],
            answer=potential.answer,
            name=potential.name,
        )
    if not hasattr(potential, "with_engine"):
        return potential
    network: MacePotential = potential  # type: ignore[assignment]
    return network.with_engine(engine)


def engine_report(potential: "Potential") -> EngineReport:
    """Which engine computes; of several networks that of the first.

    Examples
    --------
    >>> from ase.calculators.lj import LennardJones
    >>> from mlip.ase_potential import AsePotential
    >>> engine_report(AsePotential(LennardJones)).used
    'own'

    """
    inner: Any = potential
    while hasattr(inner, "base") or hasattr(inner, "members"):
        inner = inner.base if hasattr(inner, "base") else inner.members[0]
    found: EngineReport | None = getattr(inner, "engine", None)
    if found is not None:
        return found
    return EngineReport(asked="auto", used="own")


def build_function(network: Any, engine: str, *, device: str) -> tuple[Any, str]:  # noqa: ANN401
    """Energies of a network as a function of pair vectors, and the engine's name.

    Raises
    ------
    EngineUnavailableError
        When this engine cannot compute this network here.

    """
    from mlip.mace_kernel import MaceKernel  # noqa: PLC0415 (imports torch)
    from mlip.mace_plain import PlainMace  # noqa: PLC0415
    from mlip.mace_weights import UnsupportedNetworkError  # noqa: PLC0415

    if engine == "plain":
        return PlainMace(network), "plain"
    if engine == "cueq":
        return PlainMace(_converted(network, device=device)), "cueq"
    try:
        kernel = MaceKernel(network)
    except UnsupportedNetworkError as error:
        if engine == "auto":
            return PlainMace(network), "plain"
        message = f"the rearranged network does not cover {error}"
        raise EngineUnavailableError(message) from error
    return kernel, "fast"


def _converted(network: Any, *, device: str) -> Any:  # noqa: ANN401
    from mlip.mace_import import import_mace  # noqa: PLC0415
    from mlip.weights import default_dtype  # noqa: PLC0415

    if not device.startswith("cuda"):
        message = f"cuEquivariance computes on NVIDIA GPUs, and the device is {device}"
        raise EngineUnavailableError(message)
    require_package("cuequivariance_torch", "cuequivariance-torch")
    require_package("cuequivariance_ops_torch", "cuequivariance-ops-torch-cu12")
    import_mace()
    from mace.cli.convert_e3nn_cueq import run  # noqa: PLC0415

    with default_dtype(network.atomic_energies_fn.atomic_energies.dtype):
        converted = run(network, device=device).to(device)
    for parameter in converted.parameters():
        parameter.requires_grad_(False)
    return converted.eval()


def require_package(module: str, package: str) -> None:
    """Refuse an engine whose package is not installed, or cannot be imported.

    Raises
    ------
    EngineUnavailableError
        With the name of the package.

    """
    try:
        importlib.import_module(module)
    except (ImportError, OSError, RuntimeError) as error:
        message = f"{package} cannot be imported ({str(error).splitlines()[0]})"
        raise EngineUnavailableError(message) from error
