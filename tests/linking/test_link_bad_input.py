"""What all linkers make of tables that are unusual, and what they say of those that are wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spotgpu.linking._between as between_module
import spotgpu.linking._crowd as crowd_module
from spotgpu import linking
from spotgpu.linking import link, link_df_iter, link_iter, link_kalman, link_lap, link_nearest


def by_link(f, distance):
    linked = link(f, distance)
    assert len(linked) == len(f)
    return edges_of(linked, linked["particle"].to_numpy())


def by_stream(f, distance):
    """Link the frames one by one, the empty ones too."""
    frame = f["frame"].to_numpy()
    times = range(int(frame.min()), int(frame.max()) + 1) if len(f) else []
    coords = (f.loc[frame == t, ["y", "x"]].to_numpy() for t in times)
    particle = [p for _, p in link_iter(coords, distance)]
    f = f.iloc[np.argsort(frame, kind="stable")]
    return edges_of(f, np.concatenate([np.empty(0, np.int64), *particle]))


def edges_of(f, particle):
    """Return the places of the spots that follow each other."""
    f = f.assign(particle=particle).reset_index(names="row")
    return sorted(
        (f["x"][i], f["x"][j])
        for _, track in f.groupby("particle")
        for i, j in zip(track.index, track.index[1:], strict=False)
    )


def of_tracks(tracks):
    x = tracks.spots.set_index("id")["x"]
    ends = tracks.edges[["source", "target"]].itertuples(index=False)
    return sorted((x[i], x[j]) for i, j in ends)


LINKERS = {
    "link": by_link,
    "link_iter": by_stream,
    "link_lap": lambda f, distance: of_tracks(link_lap(f, distance)),
    "link_kalman": lambda f, distance: of_tracks(link_kalman(f, distance)),
    "link_nearest": lambda f, distance: of_tracks(link_nearest(f, distance)),
}
TABLES = {name: linker for name, linker in LINKERS.items() if name != "link_iter"}
#: The argument that the distance of each comes in by.
NAMES = {
    "link": "search_range",
    "link_iter": "search_range",
    "link_lap": "linking_distance",
    "link_kalman": "search_radius",
    "link_nearest": "linking_distance",
}


@pytest.fixture(params=LINKERS)
def linker(request):
    return LINKERS[request.param]


@pytest.fixture
def spots():
    """Return two particles in three frames; `x` names each spot."""
    x = [0.0, 50.0, 1.0, 51.0, 2.0]
    return pd.DataFrame({"frame": [0, 0, 1, 1, 2], "y": 0.0, "x": x})


LINKS = [(0.0, 1.0), (1.0, 2.0), (50.0, 51.0)]

UNUSUAL = {
    "as they are": (lambda f: f, LINKS),
    "rows backwards": (lambda f: f[::-1], LINKS),
    "labels": (lambda f: f.set_axis([7] * 5), LINKS),
    "float frames": (lambda f: f.astype({"frame": float}), LINKS),
    "small frames": (lambda f: f.astype({"frame": np.uint8}), LINKS),
    "nullable frames": (lambda f: f.astype({"frame": "Int64"}), LINKS),
    "negative frames": (lambda f: f.assign(frame=f["frame"] - 9), LINKS),
    "whole positions": (lambda f: f.astype({"y": int, "x": np.int16}), LINKS),
    "single positions": (lambda f: f.astype({"y": np.float32, "x": np.float32}), LINKS),
    "nullable positions": (lambda f: f.astype({"x": "Float64"}), LINKS),
    "an empty frame": (lambda f: f.assign(frame=f["frame"] * 2), []),
    "an empty frame later": (lambda f: f.assign(frame=f["frame"] + (f["frame"] > 1)), None),
    "one frame": (lambda f: f.assign(frame=4), []),
    "one spot": (lambda f: f[:1], []),
    "one spot each": (lambda f: f[f["x"] < 9], LINKS[:2]),
    "none": (lambda f: f[:0], []),
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_unusual_tables(case, linker, spots):
    change, expected = UNUSUAL[case]
    kept = changed = change(spots)
    kept = kept.copy()
    if expected is None:
        expected = [LINKS[0], LINKS[2]]
        if linker is LINKERS["link_kalman"]:  # it follows what is missing
            expected = LINKS
    assert linker(changed, 5) == expected
    pd.testing.assert_frame_equal(changed, kept)


def test_spots_in_one_place(linker, spots):
    """Each is linked once, to one."""
    double = pd.concat([spots, spots], ignore_index=True)
    assert linker(double, 5) == sorted(2 * LINKS)
    assert linker(spots[:2].assign(x=0.0, frame=[0, 1]), 5) == [(0.0, 0.0)]
    assert linker(spots.assign(x=0.0), 5) == [(0.0, 0.0)] * 3


WRONG = {
    "NaN": (lambda f: f.assign(x=f["x"].where(f.index != 3)), ValueError, "finite, got nan"),
    "infinity": (lambda f: f.replace({"x": {51.0: -np.inf}}), ValueError, "finite, got -inf"),
    "too far": (lambda f: f.replace({"x": {51.0: 1e160}}), ValueError, r"finite, got 1e\+160"),
    "texts": (lambda f: f.astype({"x": str}), TypeError, "`x` must be real numbers"),
    "complex": (lambda f: f.assign(x=f["x"] + 1j), TypeError, "real numbers, got complex128"),
    "yes and no": (lambda f: f.assign(x=f["x"] > 1), TypeError, "real numbers, got bool"),
    "half frames": (
        lambda f: f.assign(frame=f["frame"] / 2),
        ValueError,
        r"`frame` must be integers, got 0\.5 in row 2",
    ),
    "missing frames": (
        lambda f: f.assign(frame=f["frame"].where(f["frame"] < 2)),
        ValueError,
        "`frame` must be integers, got nan in row 4",
    ),
    "named frames": (
        lambda f: f.assign(frame=list("aabbc")),
        ValueError,
        "`frame` must be integers, got",
    ),
    "true frames": (lambda f: f.assign(frame=f["frame"] > 0), ValueError, "integers, got bool"),
    "late frames": (lambda f: f.assign(frame=f["frame"] * 2.0**62), ValueError, "integers, got 9"),
    "no x": (lambda f: f.drop(columns="x"), ValueError, r"must have the column\(s\) x, got"),
    "no frame": (lambda f: f.drop(columns="frame"), ValueError, r"the column\(s\) frame, got"),
    "a list": (lambda f: f.to_numpy().tolist(), TypeError, "a pandas DataFrame, got list"),
    "an array": (lambda f: f.to_numpy(), TypeError, "a pandas DataFrame, got ndarray"),
    "nothing": (lambda _: None, TypeError, "a pandas DataFrame, got NoneType"),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("case", WRONG)
def test_wrong_tables(case, name, spots):
    change, error, match = WRONG[case]
    with pytest.raises(error, match=match):
        getattr(linking, name)(change(spots), 5)


@pytest.mark.parametrize("case", ["NaN", "infinity", "too far"])
def test_wrong_streams(case, spots):
    change, error, match = WRONG[case]
    tables = [table for _, table in change(spots).groupby("frame")]
    for stream in (
        link_df_iter(iter(tables), 5),
        link_iter((table[["y", "x"]].to_numpy() for table in tables), 5),
    ):
        assert len(next(stream)) == 2
        with pytest.raises(error, match=f"{match} at time 1"):
            next(stream)


@pytest.mark.parametrize("name", LINKERS)
@pytest.mark.parametrize(
    ("distance", "error", "match"),
    [
        (0, ValueError, "> 0 .*, got 0"),
        (-1, ValueError, "> 0 .*, got -1"),
        (np.nan, ValueError, "a finite number .*, got nan"),
        (np.inf, ValueError, "a finite number .*, got inf"),
        (1e200, ValueError, r"<= 1e\+150, got 1e\+200"),
        ("5", TypeError, "a finite number .*, got '5'"),
        (None, TypeError, "a finite number .*, got None"),
        (True, TypeError, "a finite number .*, got True"),
        ((5, 5, 5), ValueError, r"one value or 2, .*, got \(5, 5, 5\)"),
        ((5, 0), ValueError, "> 0 .*, got 0"),
        ([], ValueError, r"one value or 2, .*, got \[\]"),
    ],
)
def test_wrong_distances(name, distance, error, match, spots):
    with pytest.raises(error, match=f"`{NAMES[name]}` must be .*{match}"):
        LINKERS[name](spots, distance)


@pytest.mark.parametrize("distance", [1e4, 1e9, 1e150, (1e150, 1e-3), (1e-3, 1e150)])
def test_far_too_long_distances(distance, linker, spots):
    """Of two frames, as many are linked as there are spots in the smaller."""
    rng = np.random.default_rng(0)
    x = rng.permutation(200) / 2.0
    f = pd.DataFrame({"frame": [0] * 90 + [1] * 110, "y": 0.0, "x": x})
    links = linker(f, distance)
    if isinstance(distance, tuple) and distance[1] < 1:
        assert links == []  # no two are at the same x
        return
    assert 80 <= len(links) <= 90
    assert len({i for i, _ in links}) == len({j for _, j in links}) == len(links)


@pytest.mark.parametrize("name", ["link_lap", "link_kalman", "link_nearest"])
def test_too_many_pairs(name, monkeypatch):
    """The message says which distance would do, and it does."""
    for module in (crowd_module, between_module):
        monkeypatch.setattr(module, "MOST", 20_000)
    rng = np.random.default_rng(0)
    f = pd.DataFrame(rng.uniform(0, 100, (1000, 2)), columns=["y", "x"])
    f["frame"] = np.repeat([0, 1], 500)
    wanted = rf"`{NAMES[name]}` must make fewer than 20,000 pairs .* got 1e\+06, .* would do"
    with pytest.raises(ValueError, match=wanted) as caught:
        TABLES[name](f, 1e6)
    said = float(str(caught.value).split("about ")[1].split()[0])
    assert len(TABLES[name](f, said)) > 300
