"""What must be done to the graph of found tracks to make it that of the true ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spotgpu.tables import Tracks

__all__ = ["Edits", "SpotPairs", "edits"]

Ints = npt.NDArray[np.int64]


class SpotPairs(NamedTuple):
    """Rows of found and of true spots that are the same; a true spot is in one pair at most."""

    found: Ints
    truth: Ints

    def alone(self) -> SpotPairs:
        """Return the pairs whose found spot is in no other.

        Returns
        -------
        SpotPairs
            One to one.
        """
        once = np.bincount(self.found)[self.found] == 1
        return SpotPairs(self.found[once], self.truth[once])


@dataclass(frozen=True)
class Edits:
    """Numbers of operations on the found graph, as in `LineageMatch`."""

    ns: int
    fn: int
    fp: int
    ed: int
    ea: int
    ec: int


def edits(found: Tracks, truth: Tracks, pairs: SpotPairs) -> Edits:
    """Count the operations that make the found graph the true one.

    Parameters
    ----------
    found, truth : Tracks
        The graphs.
    pairs : SpotPairs
        Which of their spots are the same.

    Returns
    -------
    Edits
        By the definitions of Matula et al., https://doi.org/10.1371/journal.pone.0144959.
    """
    n_found, n_true = len(found.spots), len(truth.spots)
    partners = np.bincount(pairs.found, minlength=n_found)
    single = pairs.alone()
    same = np.full(n_found, -1)
    same[single.found] = single.truth
    source, target = (same[rows] for rows in found.rows)
    # Edges of spots that are false or must be split go with their spots.
    kept = (source >= 0) & (target >= 0)
    true_source, true_target = truth.rows
    _, here, there = np.intersect1d(
        source[kept] * n_true + target[kept],
        true_source * n_true + true_target,
        assume_unique=True,
        return_indices=True,
    )
    differs = _parent_links(found)[kept][here] != _parent_links(truth)[there]
    return Edits(
        ns=int((partners[partners > 1] - 1).sum()),
        fn=n_true - len(pairs.truth),
        fp=int(np.count_nonzero(partners == 0)),
        ed=int(np.count_nonzero(kept)) - len(here),
        ea=len(true_source) - len(there),
        ec=int(np.count_nonzero(differs)),
    )


def _parent_links(tracks: Tracks) -> npt.NDArray[np.bool_]:
    """Say which edges join two tracks, where the others continue one.

    Where `Tracks.particle` changes; and over gaps, as the challenge's files hold a track as one
    number in consecutive frames.
    """
    source, target = tracks.rows
    n, frame = len(tracks.spots), tracks.spots[tracks.t_column].to_numpy()
    return (
        (np.bincount(source, minlength=n)[source] > 1)
        | (np.bincount(target, minlength=n)[target] > 1)
        | (frame[target] - frame[source] > 1)
    )
