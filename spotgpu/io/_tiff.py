"""TIFF files: plain, OME and ImageJ. Frames are read page by page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError
from spotgpu.io._description import Description, from_imagej, from_pages, from_shaped
from spotgpu.io._layout import Facts, Layout
from spotgpu.io._ome import from_ome_xml
from spotgpu.io._tiff_pages import TiffPages
from spotgpu.io._tiff_segments import JPEG

__all__ = ["TiffFrames", "TiffSource"]

#: Formats whose pages may be slices or channels, in an order that is not read.
UNKNOWN_ORDER = ("is_scanimage", "is_fluoview", "is_sis", "is_nih")


class TiffSource:
    """One TIFF file.

    Parameters
    ----------
    path : Path
        The file.
    axes : str, optional
        What the caller says. With one letter more than a page has axes, the pages are taken in
        the order in which they come.
    series : int, optional
        Which image of an OME-TIFF.
    alone : bool
        Whether this file is taken for the whole movie.
    """

    def __init__(
        self, path: Path, axes: str | None = None, series: int | None = None, alone: bool = True
    ) -> None:
        self.pages = TiffPages(path)
        try:
            self.description = self._described(axes, series, alone)
        except BaseException:
            self.pages.close()
            raise
        grid = self.description.pages
        if grid.size > len(self.pages.table) and int(grid.max()) >= len(self.pages.table):
            self.pages.virtual(grid.size)
        self.facts = Facts(
            name=str(path),
            axes=self.description.axes + self.pages.axes,
            shape=grid.shape + self.pages.shape,
            dtype=self.pages.dtype,
            sizes_um=self.description.sizes_um,
            interval_s=self.description.interval_s,
            channels=self.description.channels,
            hint=self.description.hint,
            guessed=self.description.guessed,
            times=self.description.times,
        )

    def frames(self, layout: Layout) -> TiffFrames:
        """Return what reads the frames.

        Parameters
        ----------
        layout : Layout
            Of this source.

        Returns
        -------
        TiffFrames
            The reader.
        """
        return TiffFrames(self.pages, self.description.pages, layout)

    def _described(self, axes: str | None, series: int | None, alone: bool) -> Description:
        page, count = self.pages.page(), len(self.pages.table)
        name = str(self.pages.path)
        in_order = isinstance(axes, str) and len(axes) == 1 + len(self.pages.shape)
        try:
            told = self._from_text(page, count, name, series, alone)
        except (SpotgpuError, ValueError):
            if not in_order or series is not None:
                raise
            return from_pages(count)
        if series is not None and not page.is_ome:
            raise ValueError(
                f"`series` must be None for a file with one image, got {series}: {name}"
            )
        if not in_order or told.pages.size > count or series is not None:
            return told
        return Description("Q", np.arange(count), told.sizes_um, told.interval_s)

    def _from_text(
        self, page: Any, count: int, name: str, series: int | None, alone: bool
    ) -> Description:
        if page.is_ome:
            return from_ome_xml(
                page.description,
                name=name,
                basename=self.pages.path.name,
                pages=count,
                samples=page.samplesperpixel,
                series=series,
                alone=alone,
            )
        if page.imagej_description:
            resolution = _resolution(page, 282), _resolution(page, 283)
            return from_imagej(
                page.imagej_description, count, page.samplesperpixel, resolution, name
            )
        if page.shaped_description:
            return from_shaped(page.shaped_description, count, self.pages.shape, name)
        if any(getattr(page, flag, False) for flag in UNKNOWN_ORDER) and count > 1:
            return from_pages(count, "Q")
        return from_pages(count)


def _resolution(page: Any, tag: int) -> float | None:
    value = page.tags.valueof(tag)
    if not isinstance(value, tuple) or len(value) != 2 or not all(value):
        return None
    return float(value[0] / value[1])


class TiffFrames:
    """Reads frames from the pages of a file. Can be pickled.

    Parameters
    ----------
    pages : TiffPages
        The file's pages.
    grid : ndarray of int
        The number of the page at each place along the axes that pages lie along.
    layout : Layout
        Of the whole source.
    """

    file_backed = True

    def __init__(self, pages: TiffPages, grid: npt.NDArray[np.intp], layout: Layout) -> None:
        self.pages = pages
        self._grid = grid
        self._layout = layout
        lead = grid.ndim
        self._inner = layout.selection[lead:]
        self._time_inside = layout.time is not None and layout.time >= lead
        # The usual case: a frame is a page, or pages one on the other.
        plain = all(entry == slice(None) for entry in self._inner)
        self._direct = plain and layout.order == tuple(range(len(layout.order)))
        self._runs: list[Any] | None = None
        if self._direct and not self._time_inside:
            self._runs = [grid[layout.at(t)[:lead]].tolist() for t in range(layout.frames)]

    def sibling(self, path: Path) -> TiffFrames | None:
        """Return what reads another file of one page, if that page is like the one of this file.

        Parameters
        ----------
        path : Path
            The other file.

        Returns
        -------
        TiffFrames or None
            None if the files are not alike.
        """
        if self._grid.size > 1 or self.pages.compression in JPEG:
            return None
        pages = self.pages.sibling(path)
        return None if pages is None else TiffFrames(pages, self._grid, self._layout)

    def frame(self, t: int) -> npt.NDArray[Any]:
        """Return a frame.

        Parameters
        ----------
        t : int
            Its number.

        Returns
        -------
        ndarray
            Of shape (Y, X) or (Z, Y, X).

        Raises
        ------
        SpotgpuError
            If the file is broken there.
        """
        try:
            if self._runs is None:
                return self._general(t)
            out = np.empty(self._layout.frame_shape, self.pages.dtype)
            pages = self._runs[t]
            if isinstance(pages, int):
                self.pages.read(pages, out)
            else:
                self.pages.read_run(pages, out)
        except SpotgpuError as error:
            raise SpotgpuError(f"frame {t} cannot be read: {error}") from error
        return out

    def _general(self, t: int) -> npt.NDArray[Any]:
        at = self._layout.at(t)
        lead = self._grid.ndim
        chosen = np.asarray(self._grid[at[:lead]])
        whole = np.empty((chosen.size, *self.pages.shape), self.pages.dtype)
        for k, page in enumerate(chosen.reshape(-1).tolist()):
            self.pages.read(page, whole[k])
        picked = whole.reshape(chosen.shape + self.pages.shape)[
            (*[slice(None)] * chosen.ndim, *at[lead:])
        ]
        return np.ascontiguousarray(picked.transpose(self._layout.order))

    def part(self, t: int, where: tuple[slice, ...]) -> npt.NDArray[Any]:
        """Return a part of a frame, page by page.

        Parameters
        ----------
        t : int
            Its number.
        where : tuple of slice
            The part.

        Returns
        -------
        ndarray
            Of the same shape.

        Raises
        ------
        SpotgpuError
            If the file is broken there.
        """
        at = self._layout.part(t, where)
        lead = self._grid.ndim
        chosen = np.asarray(self._grid[at[:lead]])
        first, *others = at[lead:]
        rows = (
            range(first.start, first.stop) if isinstance(first, slice) else range(first, first + 1)
        )
        inside = (slice(None) if isinstance(first, slice) else 0, *others)
        sides = [entry.stop - entry.start for entry in at if isinstance(entry, slice)]
        whole = np.empty(sides, self.pages.dtype)
        by_page = whole.reshape(chosen.size, *sides[chosen.ndim :])
        for k, page in enumerate(chosen.reshape(-1).tolist()):
            try:
                by_page[k] = self.pages.read_rows(page, rows)[inside]
            except SpotgpuError as error:
                raise SpotgpuError(f"frame {t} cannot be read: {error}") from error
        return whole.transpose(self._layout.order)

    def chunks(self) -> tuple[int, ...]:
        """Return the sides of the blocks in which a frame is stored: strips, tiles or rows.

        Returns
        -------
        tuple of int
            In pixels.
        """
        lead = self._grid.ndim
        of_source = (1,) * lead + (self.pages.rows_at_once, *self.pages.shape[1:])
        return tuple(of_source[place] for place in self._layout.places)

    def close(self) -> None:
        """Close the file."""
        self.pages.close()
