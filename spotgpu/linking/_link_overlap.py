"""`link_overlap`: tracks of objects that overlap from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spotgpu.checks import number
from spotgpu.linking._objects import object_overlaps
from spotgpu.tables import Tracks, branching_kinds, edge_table, position_columns

__all__ = ["link_overlap"]


def link_overlap(
    objects: Any,
    *,
    min_iou: float = 0.3,
    scale_factor: float = 1.0,
    bridge_empty: bool = False,
    shape_column: str | None = None,
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
) -> Tracks:
    """Link each object to the one of the frame before that it overlaps most.

    Each object gets as its source the object of the frame before with the greatest intersection
    over union (IoU), if that is more than `min_iou`. Several objects may have one source, which
    then divides; none has two, so tracks never merge. This is what TrackMate's overlap tracker
    does [1]_.

    Parameters
    ----------
    objects : DataFrame or iterable of array_like of int
        Label images, frame by frame, of shape ([z,] y, x): 0 is background, and the pixels of one
        label are one object, wherever they are. Each frame is read once and not kept. Or a table
        of spots: `t_column` (integers), the positions, and `shape_column`.
    min_iou : float
        From 0 to 1. Only objects of a greater IoU are linked.
    scale_factor : float
        Polygons and circles are scaled so much about the position of the spot. Label images are
        not scaled.
    bridge_empty : bool
        Whether objects after frames without any are linked to those of the last frame that has
        some, as in TrackMate. By default an empty frame ends all tracks. In a table, a frame
        number that does not occur is an empty frame.
    shape_column : str, optional
        Of a table: a column of numbers, the radii of circles (with three position columns, of
        balls), in the unit of the positions; or a column of arrays of shape (vertices, 2), the
        polygons' corners y, x in order, in the same coordinates as the positions (not relative
        to them). Polygons need shapely, ``spotgpu[shapes]``, and two position columns. Default:
        ``polygon`` if the table has it, else ``radius``.
    pos_columns : sequence of str, optional
        Columns of the positions in a table. Default: ([z,] y, x).
    t_column : str
        Column of the frame numbers; of label images, its name in the result.

    Returns
    -------
    Tracks
        The edges are of kind 'split' where the source has several targets, else 'link', or 'gap'
        over empty frames; the cost is 1 - IoU. The spots are those of the table in its order,
        with an ``id`` if it had none (the row's number, from 0). Of label images, they are made:
        `t_column` (from 0), ([z,] y, x) (the mean index of the pixels), ``label``, ``area`` or,
        in 3D, ``volume`` (in pixels) and ``id``, in the order of frames, then labels.

    Raises
    ------
    TypeError
        If an argument is of the wrong type, a label image is not of integers, or a position or
        radius not a number.
    ValueError
        If an argument is out of range, a column is missing, an id is there twice, a position is
        not finite, a radius not positive; if a label is negative, frames differ in shape or there
        are none; if a polygon has less than three vertices, one that is not finite, no area, or
        crosses or touches itself.
    SpotgpuError
        If polygons are given and shapely is not installed.

    Notes
    -----
    Of sources with the same IoU (compared as float64), the one that comes first by its position is
    taken: by the first axis, then the next; of those at the same place, that of the first row.

    The IoU is |A ∩ B| / |A ∪ B|: of labels in pixels, exact; of circles and balls by the closed
    form of their intersection; of polygons by clipping. Overlaps of polygons with others whose
    areas and bounding boxes cannot give an IoU above `min_iou` are not computed.

    References
    ----------
    .. [1] D. Ershov et al., "TrackMate 7: integrating state-of-the-art segmentation algorithms
       into tracking pipelines", Nat. Methods 19, 829 (2022),
       https://doi.org/10.1038/s41592-022-01507-1

    Examples
    --------
    >>> import numpy as np
    >>> movie = np.array([[[1, 1, 1, 1, 1, 1]], [[3, 3, 3, 4, 4, 4]]])
    >>> tracks = link_overlap(movie)
    >>> tracks.edges[["source", "target", "cost", "kind"]].to_numpy().tolist()
    [[0, 1, 0.5, 'split'], [0, 2, 0.5, 'split']]
    """
    min_iou = number("min_iou", min_iou, at_least=0, at_most=1)
    if not isinstance(bridge_empty, bool):
        raise TypeError(f"`bridge_empty` must be True or False, got {bridge_empty!r}")
    spots, pairs = object_overlaps(
        objects,
        scale_factor=scale_factor,
        shape_column=shape_column,
        pos_columns=pos_columns,
        t_column=t_column,
        bridge=bridge_empty,
        least=min_iou,
    )
    pairs = pairs.rows(pairs.iou > min_iou)
    columns = position_columns("objects", spots, pos_columns)
    positions = spots[columns].to_numpy(np.float64)[pairs.source]
    order = np.lexsort((pairs.source, *positions.T[::-1], -pairs.iou, pairs.target))
    first = np.diff(pairs.target[order], prepend=-1) != 0
    pairs = pairs.rows(order[first])
    kind = branching_kinds(pairs.source, pairs.target, spots[t_column].to_numpy())
    ids = spots["id"].to_numpy()
    edges = edge_table(ids[pairs.source], ids[pairs.target], 1 - pairs.iou, kind)
    return Tracks(spots, edges, t_column)
