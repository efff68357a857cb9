"""Random tracks that split, merge and have gaps, and what it means that two are the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from spotgpu.tables import Tracks, branching_kinds, edge_table

#: Values that conversions like to lose.
NUMBERS = [0.0, -0.0, 1 / 3, -1e300, 5e-324, np.nan, 2.0**53]
WORDS = ["", " ", "a", "nan", "None", "é", "μm", "𝔘", "two\nlines", "0", "\0b"]
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def tracks(draw, first_frame=-3):
    """Draw up to ten spots in 2D or 3D, in any order of rows, and edges between them.

    The graph is hypothesis' choice, the values in the columns are a random generator's.
    """
    frame = np.array(draw(st.lists(st.integers(first_frame, 6), max_size=10)), np.int64)
    n, rng = len(frame), np.random.default_rng(draw(SEEDS))
    spots = pd.DataFrame({"mass": rng.choice(NUMBERS, n), "frame": frame})
    for axis in draw(st.sampled_from([["y", "x"], ["z", "y", "x"]])):
        spots[axis] = rng.choice(NUMBERS, n)
    spots["id"] = rng.permutation(np.arange(-3, 7) * rng.choice([1, 10, 2**40]))[:n]
    spots["label"] = pd.array(rng.choice(WORDS, n).tolist(), dtype="str")
    spots["is_good"] = rng.random(n) < 0.5
    spots["size"] = rng.random(n).astype(np.float32)
    spots["count"] = rng.integers(0, 256, n).astype(np.uint8)
    spots.index = rng.permutation(n)
    return Tracks(spots, draw(edges(frame, spots["id"].to_numpy(), rng)))


@st.composite
def edges(draw, frame, ids, rng):
    """Draw edges that lead forward."""
    pairs = [(i, j) for i in range(len(frame)) for j in range(len(frame)) if frame[i] < frame[j]]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12)) if pairs else []
    source, target = np.array(chosen, np.int64).reshape(-1, 2).T
    kind = branching_kinds(source, target, frame)
    plain = np.where(frame[target] - frame[source] > 1, "gap", "link")
    # Of several children or parents, one may be the track that goes on.
    onward, parents, children = draw(st.booleans()), set(), set()
    for i in range(len(chosen) if onward else 0):
        if source[i] not in parents and target[i] not in children:
            kind[i] = plain[i]
            parents.add(source[i])
            children.add(target[i])
    table = edge_table(ids[source], ids[target], rng.choice(NUMBERS, len(chosen)), kind)
    return table.assign(score=rng.integers(0, 9, len(chosen)))


def assert_same(found, wanted, *, exactly=True):
    """Compare spots in their order and edges in any."""
    pd.testing.assert_frame_equal(
        found.spots,
        wanted.spots.reset_index(drop=True),
        check_like=True,
        check_dtype=exactly,
        check_exact=True,
    )
    key = ["source", "target"]
    pd.testing.assert_frame_equal(
        found.edges.sort_values(key, ignore_index=True),
        wanted.edges.sort_values(key, ignore_index=True),
        check_exact=True,
    )
    assert found.t_column == wanted.t_column
