"""One structure, or several, at several temperatures or seeds, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from ase import Atoms
from pydantic import ValidationError

from md.dynamics.config import DynamicsConfig
from training_data.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Replica:
    """One of several runs: what moves, and how.

    Parameters
    ----------
    name
        Of its folder, such as ``replica-00``.
    atoms
        Structure at the start.
    config
        Everything else that fixes its trajectory.

    """

    name: str
    atoms: Atoms
    config: DynamicsConfig


def build_replicas(
    structures: Atoms | Sequence[Atoms],
    config: DynamicsConfig,
    *,
    temperatures_K: Sequence[float] = (),
    seeds: Sequence[int] = (),
    copies: int = 1,
) -> tuple[Replica, ...]:
    """List of runs: every structure at every temperature with every seed.

    Parameters
    ----------
    structures
        What moves.
    config
        Settings that all have in common.
    temperatures_K
        Temperatures; none: that of the configuration.
    seeds
        Seeds of velocities and thermostat, used at each temperature. None: every
        replica has a seed of its own, that of the configuration plus its number, so
        that no two share their noise.
    copies
        Runs of each structure and temperature when no seeds are given.

    Returns
    -------
    tuple of Replica
        Structure by structure, then by temperature, then by seed; named
        ``replica-00``, ``replica-01`` and so on.

    Raises
    ------
    InputError
        When there is no structure, a temperature or a seed stands twice, both seeds
        and copies are given, or temperatures beside a schedule.

    Examples
    --------
    >>> from ase.build import bulk
    >>> config = DynamicsConfig(seed=5)
    >>> runs = build_replicas(bulk("Cu"), config, temperatures_K=[300, 400], copies=2)
    >>> [(r.name, r.config.temperature_K, r.config.seed) for r in runs]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('replica-00', 300.0, 5), ('replica-01', 300.0, 6),
     ('replica-02', 400.0, 7), ('replica-03', 400.0, 8)]

    """
    several = [structures] if isinstance(structures, Atoms) else list(structures)
    _check(several, config, temperatures_K, seeds, copies)
    wanted_K = tuple(temperatures_K) or (config.temperature_K,)
    runs: list[Replica] = []
    for atoms, temperature_K, given in product(
        several, wanted_K, tuple(seeds) or (None,) * copies
    ):
        number = len(runs)
        seed = config.seed + number if given is None else given
        runs.append(
            Replica(
                name=f"replica-{number:02d}",
                atoms=atoms,
                config=_changed(config, temperature_K=temperature_K, seed=seed),
            )
        )
    return tuple(runs)


def _check(
    structures: Sequence[Atoms],
    config: DynamicsConfig,
    temperatures_K: Sequence[float],
    seeds: Sequence[int],
    copies: int,
) -> None:
    if not structures:
        raise InputError("structures must hold at least one; got none. Name a file.")
    if copies < 1:
        raise InputError(f"copies must be at least 1; got {copies!r}. Take 1 or more.")
    if seeds and copies > 1:
        raise InputError(
            f"copies must be 1 when seeds are given; got {copies!r} and {len(seeds)} "
            "seeds. Leave one of the two out."
        )
    for name, values in (("temperatures_K", temperatures_K), ("seeds", seeds)):
        twice = sorted({v for v in values if list(values).count(v) > 1})
        if twice:
            raise InputError(
                f"{name} must all differ; got {twice[0]!r} more than once. The runs "
                "would be the same. Leave one out."
            )
    if temperatures_K and config.schedule:
        raise InputError(
            "temperatures_K must be left out with a schedule, which sets the "
            f"temperature itself; got {list(temperatures_K)!r}. Use seeds or copies, "
            "or a run for each schedule."
        )


def _changed(
    config: DynamicsConfig, *, temperature_K: float, seed: int
) -> DynamicsConfig:
    try:
        return DynamicsConfig(
            **{
                **config.model_dump(mode="json"),
                "temperature_K": temperature_K,
                "seed": seed,
            }
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(
            "temperatures_K and seeds must suit the other settings; got "
            f"{temperature_K!r} K and seed {seed!r}: {first['msg']}"
        ) from None
