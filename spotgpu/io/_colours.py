"""Images in colour, where gray ones are wanted."""

from __future__ import annotations

__all__ = ["ColourError", "Colours"]


class ColourError(ValueError):
    """Images are in colour, and no channel is chosen.

    Parameters
    ----------
    message : str
        What is wrong.
    samples : int
        Colours of a pixel.
    """

    def __init__(self, message: str, samples: int = 3) -> None:
        super().__init__(message)
        self.samples = samples


class Colours(str):
    """For `channel`: all colours of images without depth, as if they were that.

    Examples
    --------
    >>> import numpy as np
    >>> from spotgpu.io import Colours, open
    >>> open(np.zeros((5, 32, 48, 3)), channel=Colours()).shape
    (5, 3, 32, 48)
    """

    __slots__ = ()
