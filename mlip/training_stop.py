"""Requests to end a training run (scheduler, Ctrl-C), noticed between two batches."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_WATCHED = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGINT", "SIGUSR1")
    if hasattr(signal, name)
)


class TrainingPreempted(RuntimeError):  # noqa: N818 (not an error of the program)
    """End of a training run by a signal; its checkpoint is written.

    Parameters
    ----------
    signal_name
        The signal.
    epoch
        Epochs that are in the checkpoint.

    """

    def __init__(self, signal_name: str, epoch: int) -> None:
        super().__init__(
            f"{signal_name} arrived; the checkpoint holds {epoch} epochs. Run again "
            "with --resume."
        )
        self.signal_name = signal_name
        self.epoch = epoch


class StopRequest:
    """Name of the first signal that arrived, or empty."""

    def __init__(self) -> None:
        self.signal_name = ""


@contextmanager
def watch_signals() -> Iterator[StopRequest]:
    """Turn SIGTERM, SIGUSR1 and SIGINT into a request that the training loop reads.

    A second SIGINT raises ``KeyboardInterrupt`` at once. Outside the main thread,
    where Python allows no handlers, nothing is watched.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def note(number: int, _frame: FrameType | None) -> None:
        if request.signal_name and number == signal.SIGINT:
            raise KeyboardInterrupt
        request.signal_name = request.signal_name or signal.Signals(number).name

    previous = {watched: signal.signal(watched, note) for watched in _WATCHED}
    try:
        yield request
    finally:
        for watched, handler in previous.items():
            signal.signal(watched, handler)
