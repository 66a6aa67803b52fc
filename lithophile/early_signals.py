"""Signals outside the steps of a run, which nothing else answers: exit code 75."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lithophile.console import complain

PREEMPTED = 75
_WATCHED = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name)
)


class StoppedEarly(SystemExit):
    """End by a signal while no step was being made.

    Parameters
    ----------
    signal_name
        The signal.

    Notes
    -----
    An exit, not an error, so that nothing on the way takes it for one of its own and
    goes on.

    """

    def __init__(self, signal_name: str) -> None:
        super().__init__(PREEMPTED)
        self.signal_name = signal_name
        self.begun = False

    @property
    def sentence(self) -> str:
        """What happened and what to do, for the reader."""
        if self.begun:
            return (
                f"{self.signal_name} arrived between two parts of the work; what is "
                "done is kept. Run again with --resume."
            )
        return (
            f"{self.signal_name} arrived before the first step; nothing was done. Run "
            "the same command again."
        )


@contextmanager
def answering_early() -> Iterator[None]:
    """Let SIGTERM and SIGUSR1 end the program in order while it gets ready.

    While dynamics run they watch the same signals themselves and make a checkpoint.
    Outside the main thread, where Python allows no handlers, nothing is watched.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        raise StoppedEarly(signal.Signals(number).name)

    previous = {watched: signal.signal(watched, stop) for watched in _WATCHED}
    try:
        yield
    except StoppedEarly as early:
        complain(early.sentence)
        raise
    finally:
        for watched, handler in previous.items():
            signal.signal(watched, handler)
