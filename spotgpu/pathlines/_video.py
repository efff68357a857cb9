"""Images to a video, by ffmpeg."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError

__all__ = ["FPS", "ffmpeg", "write_video"]

#: Images a second that a file can hold, by ending: least and most. A GIF has times in units of
#: 10 ms, of 16 bits.
FPS = {".mp4": (1e-4, 1e6), ".gif": (0.01, 100)}

#: What ffmpeg is told, by ending. H.264 that players know has colours for 2 x 2 pixels; a GIF gets
#: the best 256 colours of each image.
FORMATS = {
    ".mp4": [
        *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-crf", "18"),
        *("-pix_fmt", "yuv420p", "-movflags", "+faststart"),
    ],
    ".gif": [
        "-filter_complex",
        (
            "split[a][b];[a]palettegen=stats_mode=single:reserve_transparent=0[p];"
            "[b][p]paletteuse=new=1:dither=none"
        ),
    ],
}
#: Lines of its complaints that are told, the last ones.
SAID = 3


def ffmpeg() -> str:
    """Return the program.

    Returns
    -------
    str
        Its path.

    Raises
    ------
    SpotgpuError
        If it is not installed.
    """
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ModuleNotFoundError, RuntimeError) as error:
        raise SpotgpuError(
            "Videos need imageio with ffmpeg: pip install 'spotgpu[video]' brings it; "
            "or write a .tif file, or PNG files into a folder"
        ) from error


def write_video(
    path: Path,
    target: Path,
    images: Iterator[npt.NDArray[np.uint8]],
    shape: tuple[int, ...],
    fps: float,
) -> None:
    """Write images to an MP4 or GIF file.

    Parameters
    ----------
    path : Path
        Ends in .mp4 or .gif; what is there is replaced.
    target : Path
        What the file will be called, for messages.
    images : iterator of ndarray of uint8
        In gray or in colour.
    shape : tuple of int
        Of an image.
    fps : float
        Images a second.

    Raises
    ------
    SpotgpuError
        If ffmpeg is not installed, or fails.
    """
    pixels = "gray" if len(shape) == 2 else "rgb24"
    command = [
        *(ffmpeg(), "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", pixels),
        *("-s", f"{shape[1]}x{shape[0]}", "-r", f"{fps:f}", "-i", "-"),
        # Absolute: a colon in the name is not a protocol then.
        *(*FORMATS[path.suffix.lower()], os.path.abspath(path)),  # noqa: PTH100
    ]
    with tempfile.TemporaryFile() as said:
        # In a session of its own, Ctrl-C reaches it through us.
        program = subprocess.Popen(  # noqa: S603 (arguments, no shell)
            command, stdin=subprocess.PIPE, stdout=said, stderr=said, start_new_session=True
        )
        try:
            broken = _fed(program, images)
            code = program.wait()
        finally:
            program.kill()
            program.wait()
        if broken or code != 0:
            raise SpotgpuError(f"ffmpeg could not write {target}: {_complaint(said, code)}")


def _fed(program: subprocess.Popen[bytes], images: Iterator[npt.NDArray[np.uint8]]) -> bool:
    """Hand all images over; tell whether the program went before."""
    pipe = program.stdin
    if pipe is None:
        raise RuntimeError("ffmpeg has no standard input")
    try:
        for image in images:
            try:
                pipe.write(np.ascontiguousarray(image).data)
            except BrokenPipeError:
                return True
    finally:
        try:
            pipe.close()
        except BrokenPipeError:
            broken = True
        else:
            broken = False
    return broken


def _complaint(said: IO[bytes], code: int) -> str:
    said.seek(0)
    lines = [line.strip() for line in said.read().decode(errors="replace").splitlines()]
    return "; ".join([line for line in lines if line][-SAID:]) or f"exit code {code}"
