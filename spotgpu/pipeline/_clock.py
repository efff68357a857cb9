"""Where the time of a run goes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

__all__ = ["Clock"]


class Clock(dict[str, float]):
    """Seconds by kind of work: ``decode``, ``upload``, ``compute``, ``link``, ``write``.

    Those of processes and threads that work side by side are added up.
    """

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Add the time that a block takes.

        Parameters
        ----------
        name : str
            Kind of work.
        """
        start = time.perf_counter()
        try:
            yield
        finally:
            self.spent({name: time.perf_counter() - start})

    def spent(self, seconds: Mapping[str, float]) -> None:
        """Add times that were measured elsewhere.

        Parameters
        ----------
        seconds : mapping of str to float
            Seconds by kind of work.
        """
        for name, value in seconds.items():
            self[name] = self.get(name, 0.0) + value
