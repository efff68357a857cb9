"""What a reader of the results should know about the data and the options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import KDTree

from spotgpu.evaluate import subpixel_bias
from spotgpu.pipeline._analysis import Analysis, tracks_per_frame
from spotgpu.pipeline._calibration import Calibration
from spotgpu.tables import position_columns

__all__ = ["Evidence", "doubts", "unknown_units"]

#: Frames looked at where a few are enough.
SAMPLE = 10


@dataclass(frozen=True)
class Evidence:
    """All that the warnings are drawn from."""

    image: npt.NDArray[Any]
    frames: int
    invert: bool
    spots: pd.DataFrame
    linked: pd.DataFrame
    tracks: pd.DataFrame
    search_range: Any
    min_length: int
    drift: bool | None
    calibration: Calibration
    analysis: Analysis


def doubts(seen: Evidence) -> list[str]:
    """Return the warnings, those about the image first.

    Parameters
    ----------
    seen : Evidence
        The run.

    Returns
    -------
    list of str
        One sentence or two each.
    """
    checks = (_pixels, _spots, _bias, _tracks, _search_range, _motion, _units)
    return [message for check in checks for message in check(seen)]


def _pixels(seen: Evidence) -> Iterator[str]:
    image = seen.image
    if image.dtype.kind not in "ui" or image.size == 0:
        return
    limits = np.iinfo(image.dtype)
    end = limits.min if seen.invert else limits.max
    # Cameras of 10, 12 or 14 bits saturate below the end of their 16-bit files.
    ends = [end] if seen.invert else [end, 2**10 - 1, 2**12 - 1, 2**14 - 1]
    extreme = int(image.min() if seen.invert else image.max())
    share = np.count_nonzero(image == extreme) / image.size
    if extreme in ends and share > 5e-4:
        yield (
            f"{share:.1%} of the pixels of the first frame are saturated (value {extreme}): "
            "positions of saturated spots are less precise. Expose for a shorter time."
        )


def _spots(seen: Evidence) -> Iterator[str]:
    if seen.spots.empty:
        yield "No spots were found. Lower minmass or threshold, or try invert."
        return
    empty = seen.frames - seen.spots["frame"].nunique()
    if empty > 0.05 * seen.frames:
        yield f"{empty} of {seen.frames} frames have no spots."


def _bias(seen: Evidence) -> Iterator[str]:
    # Few particles at rest are where they are by chance.
    if seen.linked["particle"].nunique() < 20:
        return
    for axis, row in subpixel_bias(seen.spots).iterrows():
        if row["biased"]:
            locked = row["pull"] > 0
            cause = (
                "the diameter is probably too small, or minmass lets noise through"
                if locked
                else "spots may be cut or merged; try another diameter"
            )
            yield (
                f"Sub-pixel bias along {axis}: errors of the positions differ by "
                f"{row['bias']:.2f} px within a pixel, and they are drawn to the "
                f"{'centres' if locked else 'edges'} of the pixels; {cause}."
            )


def _tracks(seen: Evidence) -> Iterator[str]:
    if seen.linked.empty:
        return
    if seen.frames == 1:
        yield "The movie has a single frame: there is nothing to link."
        return
    if seen.tracks.empty:
        longest = int(seen.linked.groupby("particle").size().max())
        yield (
            f"No track has {seen.min_length} spots or more; the longest has {longest}. "
            "Lower min_length, or raise search_range or memory."
        )
        return
    kept = len(seen.tracks) / len(seen.linked)
    if kept < 0.5:
        yield (
            f"Only {kept:.0%} of the spots are in tracks of {seen.min_length} spots or more; the "
            "others are stubs. Raise minmass if they are noise, search_range or memory if tracks "
            "are cut."
        )
    particles = seen.tracks["particle"].nunique()
    if particles < 10:
        yield f"Only {particles} track(s): the numbers say little about the sample."
    lengths = seen.tracks.groupby("particle")["frame"].agg(["size", "min", "max"])
    lost = 1 - lengths["size"].sum() / (lengths["max"] - lengths["min"] + 1).sum()
    if lost > 0.1:
        yield (
            f"Particles are missing in {lost:.0%} of the frames that their tracks span: detection "
            "flickers. Lower minmass."
        )


def _search_range(seen: Evidence) -> Iterator[str]:
    if seen.frames == 1:
        return
    columns = position_columns("spots", seen.spots)
    reach = np.broadcast_to(np.asarray(seen.search_range, dtype=np.float64), (len(columns),))
    distances = []
    numbers = seen.spots["frame"].unique()
    for number in numbers[:: max(1, len(numbers) // SAMPLE)]:
        points = seen.spots.loc[seen.spots["frame"] == number, columns].to_numpy() / reach
        if len(points) > 1:
            nearest, _ = KDTree(points).query(points, k=[2])
            distances.append(np.ravel(nearest))
    if distances and (spacing := float(np.median(np.concatenate(distances)))) < 1.5:
        yield (
            "search_range is large for the distance between neighbours "
            f"(typically {spacing:.2g} times search_range): links may be wrong. "
            "Lower it, or raise minmass."
        )
    steps = _steps(seen.tracks, columns, reach)
    far = float(np.mean(steps > 0.8)) if len(steps) else 0.0
    if far > 0.02:
        yield (
            f"{far:.0%} of the steps are longer than 80 % of search_range: it probably cuts "
            "longer ones off, and diffusion is underestimated. Raise it."
        )


def _steps(
    tracks: pd.DataFrame, columns: list[str], reach: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the lengths of the steps from frame to frame, in units of the search range."""
    ordered = tracks.sort_values(["particle", "frame"])
    same = (np.diff(ordered["particle"]) == 0) & (np.diff(ordered["frame"]) == 1)
    moved: npt.NDArray[np.float64] = np.diff(ordered[columns].to_numpy(np.float64), axis=0)
    moved = moved[same] / reach
    lengths: npt.NDArray[np.float64] = np.sqrt((moved**2).sum(axis=1))
    return lengths


def _motion(seen: Evidence) -> Iterator[str]:
    analysis = seen.analysis
    if seen.tracks.empty:
        return
    per_frame = tracks_per_frame(seen.tracks)
    if analysis.drift is None and seen.drift is None:
        yield (
            f"The drift was not subtracted: with {per_frame:.1f} tracks a frame it cannot be told "
            "from the particles' own motion. drift=True (--drift) subtracts it all the same."
        )
    elif analysis.drift is not None and per_frame < 20:
        yield (
            f"The drift was measured with {per_frame:.1f} tracks a frame: subtracting it takes "
            f"about {1 / max(per_frame, 1):.0%} of the diffusion away."
        )
    if analysis.problem is not None:
        yield f"No diffusion coefficient: {analysis.problem}."
    if "alpha" in analysis.particles:
        alpha = float(analysis.particles["alpha"].median())
        if abs(alpha - 1) > 0.25:
            kind = "confined or hindered" if alpha < 1 else "directed"
            yield (
                f"The MSD grows as lag^{alpha:.2f} (median of the tracks): motion looks {kind}, "
                "and a diffusion coefficient does not describe it."
            )


def _units(seen: Evidence) -> Iterator[str]:
    yield from unknown_units(seen.calibration)


def unknown_units(calibration: Calibration) -> Iterator[str]:
    """Yield what to do about lengths in pixels and times in frames.

    Parameters
    ----------
    calibration : Calibration
        As far as known.

    Yields
    ------
    str
        A warning.
    """
    if calibration.pixel_size_um is None:
        yield (
            "The pixel size is unknown: lengths are in pixels. "
            "Give it in µm: pixel_size_um (--pixel-size)."
        )
    if calibration.frame_interval_s is None:
        yield "The frame rate is unknown: times are in frames. Give it: fps (--fps)."
