"""Requests to stop (scheduler, Ctrl-C), noticed between two steps."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

_WATCHED = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGINT", "SIGUSR1")
    if hasattr(signal, name)
)


class StopRequest:
    """Name of the first signal that arrived, or None."""

    def __init__(self) -> None:
        self.signal_name: str | None = None


#: The request that all runs of a group read, in their threads.
_GIVEN: ContextVar[StopRequest | None] = ContextVar("given", default=None)


@contextmanager
def stopped_by(request: StopRequest) -> Iterator[None]:
    """Let runs of this thread read a request that someone else watches over."""
    token = _GIVEN.set(request)
    try:
        yield
    finally:
        _GIVEN.reset(token)


@contextmanager
def watch_signals() -> Iterator[StopRequest]:
    """Turn SIGTERM, SIGUSR1 and SIGINT into a request that the run reads.

    A second SIGINT raises ``KeyboardInterrupt`` at once. Outside the main thread,
    where Python allows no handlers, nothing is watched. Inside :func:`stopped_by`
    the request is the one given there.
    """
    given = _GIVEN.get()
    if given is not None:
        yield given
        return
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def note(number: int, _frame: FrameType | None) -> None:
        if request.signal_name is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        request.signal_name = request.signal_name or signal.Signals(number).name

    previous = {watched: signal.signal(watched, note) for watched in _WATCHED}
    try:
        yield request
    finally:
        for watched, handler in previous.items():
            signal.signal(watched, handler)
