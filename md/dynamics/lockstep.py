"""Many runs side by side whose requests to the potential are answered together.

An integrator asks for forces in the middle of its step and cannot be left there by an
ordinary call. So each run has a thread, which is used as a coroutine: exactly one
thread works at any time, a run that asks hands over to the driver, and the driver
hands back the answer once all runs have asked. The order of work is fixed, so that
nothing depends on how the operating system schedules threads, and the potential is
called from the driver's thread alone.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")
Request = TypeVar("Request")


class _Abandoned(BaseException):
    """Raised inside a run that is given up, so that it closes its files."""


class Strand(Generic[Request, Result]):
    """One run, which works while the driver waits and waits while the driver works.

    Parameters
    ----------
    work
        What it does, given the function through which it asks.
    name
        Of its thread.

    Attributes
    ----------
    request
        What it asks for; None while it works and after its end.
    error
        What ended it early.

    """

    def __init__(
        self, work: Callable[[Callable[[Request], Any]], Result], *, name: str
    ) -> None:
        self.request: Request | None = None
        self.error: BaseException | None = None
        self._results: list[Result] = []
        self._answer: object = None
        self._working = False
        self._to_strand = threading.Semaphore(0)
        self._to_driver = threading.Semaphore(0)
        self._thread = threading.Thread(
            target=self._run, args=(work,), name=name, daemon=True
        )
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether it has come to its end, good or bad."""
        return bool(self._results) or self.error is not None

    @property
    def result(self) -> Result:
        """What the work returned.

        Raises
        ------
        BaseException
            What ended it early.

        """
        if self.error is not None:
            raise self.error
        return self._results[0]

    def resume(self, answer: object = None) -> None:
        """Let it work until it asks again or ends; an exception is raised inside it."""
        self.request = None
        self._answer = answer
        self._working = True
        self._to_strand.release()
        self._wait()

    def abandon(self) -> None:
        """End it where it stands; its files are closed on the way out."""
        if self._working:  # the driver was interrupted while it worked
            self._wait()
        while not self.is_over:
            self.resume(_Abandoned())
        self._thread.join()

    def _wait(self) -> None:
        self._to_driver.acquire()
        self._working = False

    def _run(self, work: Callable[[Callable[[Request], Any]], Result]) -> None:
        self._to_strand.acquire()
        try:
            if isinstance(self._answer, BaseException):
                raise self._answer  # noqa: TRY301 (abandoned before it began)
            self._results.append(work(self._ask))
        except BaseException as error:  # noqa: BLE001 (kept for the driver)
            self.error = error
        finally:
            self._to_driver.release()

    def _ask(self, request: Request) -> Any:  # noqa: ANN401 (as the request says)
        self.request = request
        self._to_driver.release()
        self._to_strand.acquire()
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer


def run_in_step(
    strands: Mapping[int, Strand[Request, Result]],
    answer: Callable[[Mapping[int, Request]], Mapping[int, object]],
    *,
    after_round: Callable[[], None] | None = None,
) -> None:
    """Work through all strands, round by round, until every one is over.

    Parameters
    ----------
    strands
        By number, none of them begun. In a round each works, in the order of the
        numbers, until it asks or ends.
    answer
        Answers to the requests of one round, by number; an exception among them is
        raised inside its strand.
    after_round
        Called when all have asked or ended, before the answers are computed.

    Notes
    -----
    When anything is raised here, all strands are abandoned before it goes on.

    Examples
    --------
    >>> def total_of(terms):
    ...     return lambda ask: sum(ask(term) for term in terms)
    >>> strands = {
    ...     0: Strand(total_of([1, 2]), name="short"),
    ...     1: Strand(total_of([3, 4, 5]), name="long"),
    ... }
    >>> def square_all(asked):
    ...     print(asked)
    ...     return {number: term**2 for number, term in asked.items()}
    >>> run_in_step(strands, square_all)
    {0: 1, 1: 3}
    {0: 2, 1: 4}
    {1: 5}
    >>> [strand.result for strand in strands.values()]
    [5, 50]

    """
    answers: Mapping[int, object] = dict.fromkeys(strands)
    try:
        while answers:
            for number in sorted(answers):
                strands[number].resume(answers[number])
            if after_round is not None:
                after_round()
            asked = {
                number: strand.request
                for number, strand in strands.items()
                if not strand.is_over and strand.request is not None
            }
            answers = answer(asked) if asked else {}
    finally:
        for strand in strands.values():
            strand.abandon()
