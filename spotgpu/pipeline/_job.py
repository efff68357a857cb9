"""What tasks have in common: the detector, and the movie that they read."""

from __future__ import annotations

import pickle
import socket
import threading
from typing import Any

from spotgpu import io
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._frames import FrameLocator
from spotgpu.pipeline._versions import installed

__all__ = ["Job"]


class Job:
    """A detector and a movie, unpickled once in each thread that asks: a reader has one reader.

    Can be pickled. The files are closed when the object goes.

    Parameters
    ----------
    content : bytes
        As `packed` makes it.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._own = threading.local()

    def __reduce__(self) -> tuple[type[Job], tuple[bytes]]:
        return Job, (self.content,)

    @staticmethod
    def packed(
        frames: FrameLocator, movie: Any, device: str = "cpu", *, elsewhere: bool = False
    ) -> bytes:
        """Return what a job is made of.

        Parameters
        ----------
        frames : FrameLocator
            Has seen the first frame.
        movie : Movie or None
            In files; None if the frames are sent.
        device : {'cpu', 'cuda', 'auto'}
            Where the worker computes.
        elsewhere : bool
            Whether workers may be on other machines: they look whether the movie is the same.

        Returns
        -------
        bytes
            For `Job`.
        """
        known = io.fingerprint(movie[:1]) if elsewhere and movie is not None else None
        inner = pickle.dumps((frames, movie, device, known))
        return pickle.dumps((installed("spotgpu"), inner))

    def opened(self) -> tuple[FrameLocator, Any]:
        """Return this thread's detector and movie.

        Returns
        -------
        tuple of FrameLocator and Movie
            None instead of the movie if the frames are sent.

        Raises
        ------
        SpotgpuError
            If the movie is not here, or is another one, or the device is missing, or this is
            another version.
        """
        content: tuple[FrameLocator, Any] | None = getattr(self._own, "content", None)
        if content is None:
            # The bytes come from the process that gives out the tasks.
            version, inner = pickle.loads(self.content)  # noqa: S301
            if version != installed("spotgpu"):
                raise SpotgpuError(
                    f"the worker on {socket.gethostname()} has spotgpu {installed('spotgpu')}: "
                    f"install {version} there, as here"
                )
            frames, movie, device, known = pickle.loads(inner)  # noqa: S301
            if known is not None:
                _check_same(movie, known)
            if device != "cpu":
                frames.locator = _there(frames, device)
            content = self._own.content = frames, movie
        return content


def _check_same(movie: io.Movie, known: dict[str, Any]) -> None:
    try:
        told = io.differences(known, io.fingerprint(movie[:1]))
    except (FileNotFoundError, SpotgpuError) as error:
        told = [str(error)]
    if told:
        raise SpotgpuError(
            f"the worker on {socket.gethostname()} does not see the same movie under "
            f"{movie.source} ({'; '.join(told)}): put it where all machines see it under the same "
            "path, or pass its frames as an array or an iterable, which are sent to the workers"
        )


def _there(frames: FrameLocator, device: str) -> Any:
    try:
        return frames.locator.on(device)
    except SpotgpuError as error:
        raise SpotgpuError(f"the worker on {socket.gethostname()}: {error}") from error
