"""`Tracks`: spots and the edges between them, where tracks may split and merge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.tables._columns import require_columns
from spotgpu.tables._edges import (
    branching_kinds,
    check_edges,
    check_ids,
    edge_table,
    row_numbers,
    with_ids,
)

__all__ = ["Tracks"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tracks:
    """Spots and the edges that join them through time; tracks may split and merge.

    Attributes
    ----------
    spots : DataFrame
        One row a spot, with `id` (a distinct integer) and `t_column` (an integer) at least.
    edges : DataFrame
        One row an edge: `source` and `target` (ids; the source is the earlier spot), `cost` (what
        the tracker paid, NaN if nothing) and `kind`, one of 'link' (from a frame to the next),
        'gap' (over missing frames), 'split' and 'merge'.
    t_column : str
        Column of the frame numbers.

    Raises
    ------
    TypeError
        If a table is not a DataFrame.
    ValueError
        If a column is missing or of the wrong type, an id occurs twice, or an edge joins spots
        that are not there, leads backward in time or within a frame, or is there twice; if a spot
        has two parents of which none is by a merge, or continues by two links.

    Examples
    --------
    >>> spots = pd.DataFrame({"frame": [0, 1, 1], "y": 0.0, "x": [5.0, 4.0, 6.0], "id": [7, 8, 9]})
    >>> edges = edge_table([7, 7], [8, 9], kind="split")
    >>> tracks = Tracks(spots, edges)
    >>> tracks.to_dataframe()[["id", "particle", "lineage"]].to_numpy().tolist()
    [[7, 0, 0], [8, 1, 0], [9, 2, 0]]
    """

    spots: pd.DataFrame
    edges: pd.DataFrame
    t_column: str = "frame"

    def __post_init__(self) -> None:
        """Check both tables."""
        require_columns("spots", self.spots, ["id", self.t_column])
        check_ids(self.spots, self.t_column)
        check_edges(self.edges, self.spots, self.t_column)

    @classmethod
    def unchecked(cls, spots: pd.DataFrame, edges: pd.DataFrame, t_column: str) -> Tracks:
        """Return tracks that are right by the way they were made.

        Parameters
        ----------
        spots, edges : DataFrame
            As for `Tracks`; not looked at.
        t_column : str
            As for `Tracks`.

        Returns
        -------
        Tracks
            Of these tables.
        """
        tracks = object.__new__(cls)
        for name, value in (("spots", spots), ("edges", edges), ("t_column", t_column)):
            object.__setattr__(tracks, name, value)
        return tracks

    @property
    def rows(self) -> tuple[Ints, Ints]:
        """Return the rows of `spots` that the edges lead from and to.

        Returns
        -------
        tuple of ndarray of int64, shape (edges,)
            Rows of the sources, and of the targets.
        """
        ids, edges = self.spots["id"], self.edges
        return row_numbers(ids, edges["source"]), row_numbers(ids, edges["target"])

    @property
    def particle(self) -> Ints:
        """Return the particle that each spot is: a piece of a track without branches.

        A spot is the same particle as the one before it if that has no other child, and itself no
        other parent.

        Returns
        -------
        ndarray of int64, shape (spots,)
            Numbers from 0, in the order of first appearance (by frame, then row).
        """
        source, target = self.rows
        n = len(self.spots)
        alone = (np.bincount(source, minlength=n)[source] == 1) & (
            np.bincount(target, minlength=n)[target] == 1
        )
        return self._numbered(source[alone], target[alone])

    @property
    def lineage(self) -> Ints:
        """Return the lineage of each spot: all that splits and merges connect.

        Returns
        -------
        ndarray of int64, shape (spots,)
            Numbers from 0, in the order of first appearance (by frame, then row).
        """
        return self._numbered(*self.rows)

    def _numbered(self, source: Ints, target: Ints) -> Ints:
        """Number the components of a graph in the order of first appearance."""
        n = len(self.spots)
        # Here, as a process that only finds spots has no use for it, and starts sooner.
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        graph = coo_array((np.ones(len(source), np.int8), (source, target)), shape=(n, n))
        _, label = connected_components(graph, directed=False)
        order = np.argsort(self.spots[self.t_column].to_numpy(), kind="stable")
        number, _ = pd.factorize(label[order])
        result = np.empty(n, np.int64)
        result[order] = number
        return result

    def relations(self) -> pd.DataFrame:
        """Return which particles come from which: the edges where tracks branch.

        Returns
        -------
        DataFrame
            Columns ``parent`` and ``child`` (numbers as of `particle`) and ``kind``.
        """
        source, target = self.rows
        particle = self.particle
        parent, child = particle[source], particle[target]
        table = pd.DataFrame({"parent": parent, "child": child, "kind": self.edges["kind"]})
        return table[parent != child].reset_index(drop=True)

    def to_dataframe(self) -> pd.DataFrame:
        """Return the spots with their particles, as other functions take trajectories.

        Returns
        -------
        DataFrame
            `spots` with the columns ``particle`` and ``lineage``.
        """
        return self.spots.assign(particle=self.particle, lineage=self.lineage)

    @classmethod
    def from_dataframe(
        cls,
        table: pd.DataFrame,
        relations: pd.DataFrame | None = None,
        t_column: str = "frame",
    ) -> Tracks:
        """Make tracks of trajectories.

        Parameters
        ----------
        table : DataFrame
            Trajectories, with `t_column` and ``particle``; ``id`` is added if it is not there.
        relations : DataFrame, optional
            Which particles come from which: columns ``parent`` and ``child``. An edge leads from
            the last spot of the parent to the first of the child.
        t_column : str
            Column of the frame numbers.

        Returns
        -------
        Tracks
            With a row of `spots` for each of `table`, in its order; the edges cost NaN.

        Raises
        ------
        TypeError
            If `table` or `relations` is not a DataFrame.
        ValueError
            If a column is missing, a particle is twice in a frame, or a relation names a particle
            that is not there or leads backward in time.
        """
        require_columns("table", table, [t_column, "particle"])
        spots = with_ids(table.reset_index(drop=True), t_column)
        frame, particle = spots[t_column].to_numpy(), spots["particle"].to_numpy()
        order = np.lexsort((frame, particle))
        same = particle[order[1:]] == particle[order[:-1]]
        source, target = order[:-1][same], order[1:][same]
        if relations is not None:
            require_columns("relations", relations, ["parent", "child"])
            first, last = _ends(particle, order)
            starts = _spot_of(relations, "parent", last)
            source = np.concatenate([source, starts])
            target = np.concatenate([target, _spot_of(relations, "child", first)])
        kind = branching_kinds(source, target, frame)
        spot_id = spots["id"].to_numpy()
        edges = edge_table(spot_id[source], spot_id[target], kind=kind)
        return cls(spots.drop(columns="particle"), edges, t_column)


def _ends(particle: npt.NDArray[np.generic], order: Ints) -> tuple[pd.Series, pd.Series]:
    """Return the rows of the first and the last spot of each particle."""
    rows = pd.Series(order).groupby(particle[order])
    return rows.first(), rows.last()


def _spot_of(relations: pd.DataFrame, column: str, row: pd.Series) -> Ints:
    """Return the rows of the spots that the particles in a column begin or end with."""
    unknown = ~relations[column].isin(row.index)
    if unknown.any():
        raise ValueError(
            f"`relations` must name particles that are there, "
            f"got {column} {relations[column][unknown].iloc[0]}"
        )
    return row.loc[relations[column]].to_numpy(np.int64)
