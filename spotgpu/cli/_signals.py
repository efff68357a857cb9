"""Being ended from outside: by kill, by a shutdown, by a terminal that closes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Ended", "ends_by_signal"]

#: Signals that end the process, where the system has them.
NAMES = ("SIGTERM", "SIGHUP")


class Ended(BaseException):
    """A signal asked the process to end; raised so that temporary files and workers go, too.

    Parameters
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.name = signal.Signals(number).name
        #: As a shell reports it.
        self.code = 128 + number


@contextmanager
def ends_by_signal() -> Iterator[None]:
    """Raise `Ended` where a signal would end the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    # Under nohup SIGHUP is ignored, and stays so.
    mine = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in mine:
        signal.signal(number, _raise)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, signal.SIG_DFL)


def _raise(number: int, _: FrameType | None) -> None:
    # A second one must not interrupt the cleaning up.
    for name in NAMES:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    raise Ended(number)
