"""Which tracks are long enough, known as early as can be: rows wait no longer than they must."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from spotgpu.pipeline._link_stream import Linked

__all__ = ["LongTracks"]

Ints = npt.NDArray[np.int64]


class LongTracks:
    """Lets the spots through that are in tracks of some length, frame by frame.

    A frame waits until each of its tracks has reached the length or has ended, which takes
    ``(min_length - 1) * (memory + 1)`` frames at most. Equivalent to `spotgpu.motion.filter_stubs`.

    Parameters
    ----------
    min_length : int
        Spots of a track, at least.
    memory : int
        For how many frames a particle may be missing.
    """

    def __init__(self, min_length: int, memory: int) -> None:
        self._least, self._memory = min_length, memory
        self._waiting: deque[Linked] = deque()
        # Of each particle that may go on or has spots that wait, ascending: number, spots,
        # first and last frame, and whether it has ended.
        self._particle, self._count, self._first, self._last = (np.empty(0, np.int64),) * 4
        self._ended = np.empty(0, np.bool_)
        self._lengths: list[tuple[Ints, Ints]] = []
        #: Particles, those of short tracks included, and the spots of the longest.
        self.n_particles, self.longest = 0, 0
        #: Tracks that are long enough, their spots, and the frames from their first to their last.
        self.n_tracks, self.n_spots, self.span = 0, 0, 0
        #: Frames with spots of such tracks.
        self.n_frames = 0

    def add(self, frame: Linked) -> list[Linked]:
        """Take a frame, and return those of which all is known now.

        Parameters
        ----------
        frame : Linked
            Later than all before.

        Returns
        -------
        list of Linked
            Frames with the spots that stay, in order.
        """
        self._seen(frame.number, frame.particle)
        self._waiting.append(frame)
        self._end(self._last < frame.number - self._memory)
        return list(self._known())

    def finish(self) -> list[Linked]:
        """Return what still waits: there are no more frames.

        Returns
        -------
        list of Linked
            Frames with the spots that stay, in order.
        """
        self._end(np.ones(len(self._particle), np.bool_))
        return list(self._known())

    @property
    def lengths(self) -> tuple[Ints, Ints]:
        """Tracks that are long enough.

        Returns
        -------
        particle, count : ndarray of int64, shape (n_tracks,)
            Numbers, ascending, and spots.
        """
        particle, count = (
            np.concatenate([np.empty(0, np.int64), *parts])
            for parts in (zip(*self._lengths, strict=True) if self._lengths else ((), ()))
        )
        order = np.argsort(particle)
        return particle[order], count[order]

    def _seen(self, number: int, particle: Ints) -> None:
        known = particle < self.n_particles
        at = np.searchsorted(self._particle, particle[known])
        self._count[at] += 1
        self._last[at] = number
        new = np.sort(particle[~known])
        if len(new):
            self.n_particles = int(new[-1]) + 1
            here = np.full(len(new), number)
            self._particle = np.concatenate([self._particle, new])
            self._count = np.concatenate([self._count, np.ones(len(new), np.int64)])
            self._first = np.concatenate([self._first, here])
            self._last = np.concatenate([self._last, here])
            self._ended = np.concatenate([self._ended, np.zeros(len(new), np.bool_)])

    def _end(self, over: npt.NDArray[np.bool_]) -> None:
        now = over & ~self._ended
        self._ended |= now
        self.longest = max(self.longest, int(self._count[now].max(initial=0)))
        now &= self._count >= self._least
        if now.any():
            count = self._count[now]
            self._lengths.append((self._particle[now], count))
            self.n_tracks += len(count)
            self.n_spots += int(count.sum())
            self.span += int((self._last[now] - self._first[now] + 1).sum())

    def _known(self) -> Iterator[Linked]:
        open_ = ~self._ended & (self._count < self._least)
        until = self._first[open_].min(initial=np.iinfo(np.int64).max)
        while self._waiting and self._waiting[0].number < until:
            number, rows, particle = self._waiting.popleft()
            stays = self._count[np.searchsorted(self._particle, particle)] >= self._least
            self.n_frames += bool(stays.any())
            yield Linked(number, rows[stays], particle[stays])
        oldest = self._waiting[0].number if self._waiting else np.iinfo(np.int64).max
        needed = ~self._ended | (self._last >= oldest)
        if not needed.all():
            for name in ("_particle", "_count", "_first", "_last", "_ended"):
                setattr(self, name, getattr(self, name)[needed])
