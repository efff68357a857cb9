"""Links between the rows of a table: what trackers make, before it becomes `Tracks`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.backends.pairs import Floats, Ints, Mask
from spotgpu.tables import EDGE_KINDS, Tracks, edge_table

__all__ = ["GAP", "LINK", "MERGE", "SPLIT", "Links", "Taken", "tracks_of"]

LINK, GAP, SPLIT, MERGE = range(len(EDGE_KINDS))


class Links(NamedTuple):
    """Links between points, in no special order.

    Attributes
    ----------
    source, target : ndarray of int64, shape (links,)
        Points.
    cost : ndarray of float64, shape (links,)
        What each costs.
    kind : ndarray of int8, shape (links,)
        Places in `spotgpu.tables.EDGE_KINDS`.
    """

    source: Ints
    target: Ints
    cost: Floats
    kind: npt.NDArray[np.int8]

    def at(self, chosen: Ints) -> Links:
        """Return some of the links.

        Parameters
        ----------
        chosen : ndarray of int64
            Indices.

        Returns
        -------
        Links
            Those, in the order of the indices.
        """
        return Links(self.source[chosen], self.target[chosen], self.cost[chosen], self.kind[chosen])

    @classmethod
    def joined(cls, parts: Iterable[Links]) -> Links:
        """Return the links of several parts.

        Parameters
        ----------
        parts : iterable of Links
            One at least.

        Returns
        -------
        Links
            In the order of the parts.
        """
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class Taken(NamedTuple):
    """Points that take no part, as links given by the user use them.

    Attributes
    ----------
    continued, begun : ndarray of bool, shape (N,)
        Points that must not be linked on, and those that must not be linked to.
    split, merged : ndarray of bool, shape (N,)
        Points at which no track may split off, and those at which none may merge.
    """

    continued: Mask
    begun: Mask
    split: Mask
    merged: Mask

    @classmethod
    def none(cls, n: int) -> Taken:
        """Return that all points take part.

        Parameters
        ----------
        n : int
            How many there are.

        Returns
        -------
        Taken
            False everywhere.
        """
        return cls(*(np.zeros(n, np.bool_) for _ in range(4)))


def tracks_of(table: pd.DataFrame, links: Links, t_column: str) -> Tracks:
    """Return the tracks that links between the rows of a table make.

    Parameters
    ----------
    table : DataFrame
        Spots with ids.
    links : Links
        Between its rows.
    t_column : str
        Column of the frame numbers.

    Returns
    -------
    Tracks
        Edges in the order of their targets, then sources.
    """
    ids = table["id"].to_numpy()
    links = links.at(np.argsort(links.target * len(ids) + links.source))  # lexsort, but faster
    edges = edge_table(ids[links.source], ids[links.target], links.cost, links.kind)
    return Tracks.unchecked(table, edges, t_column)
