"""What a reader of the results should know about the data and the options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from spotgpu import io
from spotgpu.evaluate import subpixel_bias
from spotgpu.pipeline._analysis import Analysis
from spotgpu.pipeline._calibration import Calibration, contradictions
from spotgpu.pipeline._overview import Overview
from spotgpu.tables import position_columns

__all__ = ["Evidence", "doubts", "of_the_file", "unknown_units"]

#: Frames looked at where a few are enough.
SAMPLE = 10


@dataclass(frozen=True)
class Evidence:
    """All that the warnings are drawn from."""

    image: npt.NDArray[Any]
    invert: bool
    overview: Overview
    search_range: Any
    min_length: int
    drift: bool | None
    calibration: Calibration
    analysis: Analysis


def of_the_file(movie: io.Movie, calibration: Calibration) -> list[str]:
    """Return the warnings about what was read.

    Parameters
    ----------
    movie : Movie
        Opened.
    calibration : Calibration
        Of the results.

    Returns
    -------
    list of str
        One sentence or two each.
    """
    missing, of = io.missing_chunks(movie)
    gaps = (
        f"{missing:,} of {of:,} chunks of {movie.source} are missing: their pixels are the fill "
        "value."
    )
    return [*([gaps] if missing else []), *contradictions(calibration, movie)]


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
    overview = seen.overview
    if overview.spots == 0:
        yield "No spots were found. Lower minmass or threshold, or try invert."
        return
    empty = overview.frames - overview.frames_with_spots
    if empty > 0.05 * overview.frames:
        yield f"{empty} of {overview.frames} frames have no spots."


def _bias(seen: Evidence) -> Iterator[str]:
    # Few particles at rest are where they are by chance.
    if seen.overview.particles < 20:
        return
    for axis, row in subpixel_bias(seen.overview.sample).iterrows():
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
    overview = seen.overview
    if overview.spots == 0:
        return
    if overview.frames == 1:
        yield "The movie has a single frame: there is nothing to link."
        return
    if overview.tracks == 0:
        yield (
            f"No track has {seen.min_length} spots or more; the longest has {overview.longest}. "
            "Lower min_length, or raise search_range or memory."
        )
        return
    kept = overview.spots_in_tracks / overview.spots
    if kept < 0.5:
        yield (
            f"Only {kept:.0%} of the spots are in tracks of {seen.min_length} spots or more; the "
            "others are stubs. Raise minmass if they are noise, search_range or memory if tracks "
            "are cut."
        )
    if overview.tracks < 10:
        yield f"Only {overview.tracks} track(s): the numbers say little about the sample."
    lost = 1 - overview.spots_in_tracks / overview.span
    if lost > 0.1:
        yield (
            f"Particles are missing in {lost:.0%} of the frames that their tracks span: detection "
            "flickers. Lower minmass."
        )


def _search_range(seen: Evidence) -> Iterator[str]:
    if seen.overview.frames == 1:
        return
    sample = seen.overview.sample
    columns = position_columns("spots", sample)
    reach = np.broadcast_to(np.asarray(seen.search_range, dtype=np.float64), (len(columns),))
    distances = []
    numbers = sample["frame"].unique()
    for number in numbers[:: max(1, len(numbers) // SAMPLE)]:
        points = sample.loc[sample["frame"] == number, columns].to_numpy() / reach
        if len(points) > 1:
            nearest, _ = KDTree(points).query(points, k=[2])
            distances.append(np.ravel(nearest))
    if distances and (spacing := float(np.median(np.concatenate(distances)))) < 1.5:
        yield (
            "search_range is large for the distance between neighbours "
            f"(typically {spacing:.2g} times search_range): links may be wrong. "
            "Lower it, or raise minmass."
        )
    if seen.analysis.long_steps > 0.02:
        yield (
            f"{seen.analysis.long_steps:.0%} of the steps are longer than 80 % of search_range: it "
            "probably cuts longer ones off, and diffusion is underestimated. Raise it."
        )


def _motion(seen: Evidence) -> Iterator[str]:
    analysis = seen.analysis
    if seen.overview.tracks == 0:
        return
    per_frame = seen.overview.tracks_per_frame
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
    if abs(analysis.alpha - 1) > 0.25:
        kind = "confined or hindered" if analysis.alpha < 1 else "directed"
        yield (
            f"The MSD grows as lag^{analysis.alpha:.2f} (median of the tracks): motion looks "
            f"{kind}, and a diffusion coefficient does not describe it."
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
