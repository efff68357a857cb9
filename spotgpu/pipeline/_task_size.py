"""How many frames a task of a cluster takes, and how many tasks are under way."""

from __future__ import annotations

__all__ = ["TaskSize"]

#: Seconds of work in one task, and frames at most.
TASK, TASK_FRAMES = 0.5, 256
#: How much larger than the one before a task may be: the first ones may be slow for other reasons.
GROWTH = 4
#: Tasks that wait for each thread of the cluster, besides the one that it is at.
WAITING = 2
#: Bytes of frames in one task that brings them, and in all such that are under way, unless one
#: frame, or one frame a thread, has more.
SENT, ALL_SENT = 8 << 20, 1 << 30


class TaskSize:
    """Tasks of half a second each, learned from those that are done; smaller ones at the end.

    Parameters
    ----------
    left : int or None
        Number of frames that are left, if it is known.
    sent : int
        Bytes of a frame that is sent to the workers; 0 if they read it themselves.
    """

    def __init__(self, left: int | None, sent: int = 0) -> None:
        self._left, self._sent, self._frames = left, sent, 1
        self._most = max(1, min(SENT // sent, TASK_FRAMES)) if sent else TASK_FRAMES

    def under_way(self, threads: int) -> int:
        """Return how many tasks are given out before the first of them is done.

        Parameters
        ----------
        threads : int
            Of all workers.

        Returns
        -------
        int
            One for each thread and two that wait for it; fewer if their frames are large.
        """
        tasks = (1 + WAITING) * threads
        if not self._sent:
            return tasks
        return min(tasks, max(threads, ALL_SENT // (self._sent * self._frames)))

    def next(self, threads: int) -> int:
        """Return the number of frames of the next task.

        Parameters
        ----------
        threads : int
            Of all workers.

        Returns
        -------
        int
            0 if none is left. The last tasks get smaller, so that all threads end together.
        """
        if self._left is None:
            return self._frames
        frames = min(self._frames, max(1, self._left // (2 * threads)), self._left)
        self._left -= frames
        return frames

    def took(self, frames: int, seconds: float) -> None:
        """Learn from a task that is done.

        Parameters
        ----------
        frames : int
            How many it had.
        seconds : float
            How long it took.
        """
        fitting = int(TASK * frames / max(seconds, 1e-6))
        self._frames = max(1, min(fitting, GROWTH * self._frames, self._most))
