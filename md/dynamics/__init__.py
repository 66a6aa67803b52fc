"""Guarded, restartable molecular dynamics.

`simulate` moves a structure under a potential, writes an H5MD trajectory, and gives
the same bits whether or not it was interrupted on the way.

Examples
--------
>>> DynamicsConfig(temperature_K=400, n_steps=2000).timestep_fs
1.0

"""

from md.dynamics.config import DynamicsConfig
from md.dynamics.events import Event, read_events
from md.dynamics.frame import Frame, Observer, StopCondition
from md.dynamics.guard_config import GuardConfig
from md.dynamics.outcome import DynamicsResult, GuardTripped, Preempted
from md.dynamics.replica_outcome import (
    ReplicaOutcome,
    ReplicasPreempted,
    ReplicasResult,
)
from md.dynamics.replicas import Replica, build_replicas
from md.dynamics.schedule import Segment
from md.dynamics.simulate import simulate
from md.dynamics.simulate_replicas import simulate_replicas

__all__ = [
    "DynamicsConfig",
    "DynamicsResult",
    "Event",
    "Frame",
    "GuardConfig",
    "GuardTripped",
    "Observer",
    "Preempted",
    "Replica",
    "ReplicaOutcome",
    "ReplicasPreempted",
    "ReplicasResult",
    "Segment",
    "StopCondition",
    "build_replicas",
    "read_events",
    "simulate",
    "simulate_replicas",
]
