"""Which frames flowtrace merges: the parts that its processes work on, and their windows."""

from __future__ import annotations

__all__ = ["chunks", "without_one"]


def chunks(frames: int, frames_to_merge: int, most: int) -> list[range]:
    """Return the parts into which flowtrace cuts a movie for its processes.

    With N frames and windows of n, ``run = ceil(N / cores)``, with fewer cores while ``run < n``.
    Parts have `run` frames; a last one of fewer than n is added to that before it. All but the last
    go on for n frames into the next.

    Parameters
    ----------
    frames : int
        N, more than n.
    frames_to_merge : int
        n.
    most : int
        Cores that flowtrace would take.

    Returns
    -------
    list of range
        Frames of each part; ``len(part) - n`` images come of it, N - n of all.
    """
    cores = most
    if frames_to_merge > 1:
        # The most for which ceil(N / cores) >= n.
        cores = min(most, (frames - 1) // (frames_to_merge - 1))
    run = -(-frames // cores)
    starts = list(range(0, frames, run))
    # Of a last part of n no image comes: all of it is in the one before already.
    if frames - starts[-1] <= frames_to_merge and len(starts) > 1:
        starts.pop()
    ends = [*(start + frames_to_merge for start in starts[1:]), frames]
    return [range(start, end) for start, end in zip(starts, ends, strict=True)]


def without_one(part: range, frames_to_merge: int) -> list[int]:
    """Return the frames of a part that flowtrace reads.

    Its window moves on by dropping its first frame and reading the frame n after that, where the
    one before should come: of the frames of a part, that with number n is never read. Windows of n
    over the others are those of flowtrace.

    Parameters
    ----------
    part : range
        Frames, more than n.
    frames_to_merge : int
        n.

    Returns
    -------
    list of int
        All but one.
    """
    return [*part[:frames_to_merge], *part[frames_to_merge + 1 :]]
