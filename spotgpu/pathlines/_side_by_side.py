"""Work on batches side by side, and results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["side_by_side"]

Given = TypeVar("Given")
Made = TypeVar("Made")


def side_by_side(
    function: Callable[[Given], Made], items: Iterable[Given], threads: int
) -> Generator[Made]:
    """Yield what a function makes of each item, in order; threads are ahead of who asks for it.

    Parameters
    ----------
    function : callable
        ``function(item)``; called in several threads at the same time.
    items : iterable
        Gone through in this thread.
    threads : int
        How many; with 1 there is none, and items are worked on when their turn comes.

    Yields
    ------
    object
        ``function(item)`` of each item.
    """
    if threads == 1:
        for item in items:
            yield function(item)
        return
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
