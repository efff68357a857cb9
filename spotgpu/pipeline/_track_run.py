"""A run of `track`, from an opened movie to its result, with memory for a few frames."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from spotgpu import io
from spotgpu.checks import long_axes
from spotgpu.pipeline._analysis import Analysis, analyse
from spotgpu.pipeline._calibration import Calibration
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._frames import FrameLocator
from spotgpu.pipeline._kept_spots import kept_spots
from spotgpu.pipeline._link_stream import linked
from spotgpu.pipeline._long_tracks import LongTracks
from spotgpu.pipeline._overview import Overview, SpotSample
from spotgpu.pipeline._result import TrackResult
from spotgpu.pipeline._stages import Stages
from spotgpu.pipeline._stream import length, locate_frames
from spotgpu.pipeline._table_feed import TableFeed
from spotgpu.pipeline._table_store import Tables
from spotgpu.pipeline._track_options import ANALYSIS_OPTIONS, described, here, recorded
from spotgpu.pipeline._track_pieces import TrackPieces
from spotgpu.pipeline._versions import versions
from spotgpu.pipeline._warnings import Evidence, doubts, of_the_file
from spotgpu.pipeline._work_folder import WorkFolder
from spotgpu.tables import POSITION_COLUMNS

__all__ = ["TrackRun"]


@dataclass(frozen=True)
class TrackRun:
    """What a run needs.

    Attributes
    ----------
    given : dict
        Arguments of `track` by name, checked.
    movie : Movie
        Opened.
    frames : FrameLocator
        New; its detector is made to fit the axes of the movie.
    processes : int or None
        As in `locate_frames`.
    calibration : Calibration
        Units of the results.
    fingerprint : dict
        Of the movie.
    stages : Stages
        Shows and times them.
    tables : Tables
        Where the results go.
    work : WorkFolder or None
        Where the spots are kept to go on from.
    """

    given: dict[str, Any]
    movie: io.Movie
    frames: FrameLocator
    processes: int | None
    calibration: Calibration
    fingerprint: dict[str, Any]
    stages: Stages
    tables: Tables
    work: WorkFolder | None

    def __post_init__(self) -> None:
        """Let axes of length 1 have no say in the detector's options."""
        self.frames.locator = self.frames.locator.on_axes(self.movie.frame_shape)

    @property
    def search_range(self) -> Any:
        """How far particles move.

        Returns
        -------
        float or tuple of float
            One value, or one for each axis that is longer than 1.
        """
        return long_axes(self.given["search_range"], self.movie.frame_shape)

    def result(self) -> TrackResult:
        """Find, link, measure.

        Returns
        -------
        TrackResult
            Its tables are filled.

        Raises
        ------
        TypeError, ValueError, SpotgpuError
            As `track`.
        """
        given = self.given
        overview, pieces = self._tracks()
        with self.stages.stage("analyse"):
            analysis = self._analysed(overview, pieces)
        seen = Evidence(
            image=self.frames.first,
            invert=given["invert"],
            overview=overview,
            search_range=self.search_range,
            min_length=given["min_length"],
            drift=given["drift"],
            calibration=self.calibration,
            analysis=analysis,
        )
        return TrackResult(
            tables=self.tables,
            overview=overview,
            analysis=analysis,
            image=self.frames.first,
            calibration=self.calibration,
            parameters=recorded({**given, "processes": self.processes or "auto"}),
            input=described(given["source"], self.movie, self.frames, overview.frames),
            device=here(given)["device"],
            fingerprint=self.fingerprint,
            timings=self.stages.timings,
            work=self.stages.clock,
            versions=versions(),
            warnings=(
                *of_the_file(self.movie, self.calibration),
                *self.stages.notes,
                *doubts(seen),
            ),
        )

    def _tracks(self) -> tuple[Overview, TrackPieces]:
        """Find and link, frame by frame; what is linked goes to the tables."""
        given, clock = self.given, self.stages.clock
        columns = self.frames.locator.columns(sum(side > 1 for side in self.movie.frame_shape))
        positions = [name for name in columns if name in POSITION_COLUMNS]
        sample = SpotSample(columns)
        long = LongTracks(given["min_length"], given["memory"])
        tracks = TableFeed(self.tables, "tracks", columns, ("frame", "particle"), clock)
        with (
            self.stages.stage("locate", length(self.movie)) as advance,
            closing(self._found(columns, sample)) as found,
        ):
            for frame in linked(found, len(positions), self.search_range, given["memory"], clock):
                for number, rows, particle in long.add(frame):
                    tracks.add(rows, number, particle)
                advance()
            for number, rows, particle in long.finish():
                tracks.add(rows, number, particle)
            tracks.close()
            self.tables.close()
        overview = sample.overview(long)
        if overview.frames == 0:
            raise ValueError("`source` must have at least one frame, got an empty movie")
        scratch = None if self.work is None else self.work.scratch
        return overview, TrackPieces(self.tables, positions, *long.lengths, scratch)

    def _found(self, columns: list[str], sample: SpotSample) -> Generator[Found]:
        """Yield the spots of each frame; they go to the tables."""
        clock, work, total = self.stages.clock, self.work, length(self.movie)
        if work is not None and work.parts.n_frames and total:
            # Those who read ahead begin with the first of the others.
            self.frames.pixels(self.frames.image(self.movie, 0), 0)
        spots = TableFeed(self.tables, "spots", columns, ("frame",), clock)
        found: Generator[Found] = locate_frames(
            self.movie,
            self.frames,
            self.processes,
            start=0 if work is None else work.parts.n_frames,
            clock=clock,
            client=self.given["client"],
            device=self.given["device"],
        )
        with closing(found):
            if work is not None:
                found = kept_spots(work, found, columns, total, self.given["csv"], self.stages)
            for number, rows in found:
                sample.add((number, rows))
                spots.add(rows, number)
                yield number, rows
        spots.close()

    def _analysed(self, overview: Overview, pieces: TrackPieces) -> Analysis:
        analysis = analyse(
            pieces,
            self.calibration,
            tracks_per_frame=overview.tracks_per_frame,
            search_range=self.search_range,
            take=partial(self.tables.add, "particles"),
            **{name: self.given[name] for name in ANALYSIS_OPTIONS} | here(self.given),
        )
        self.tables.close()
        return analysis
