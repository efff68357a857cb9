"""`link_overlap` and `overlap_candidates` on tables of spots: circles, balls, polygons."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from spotgpu.errors import SpotgpuError
from spotgpu.linking import link_overlap, overlap_candidates

lengths = st.floats(0.1, 10)


def two(distance, r, s, ndim=2):
    """Return two spots of frames 0 and 1, apart along a diagonal."""
    columns = ["z", "y", "x"][-ndim:]
    table = pd.DataFrame(np.zeros((2, ndim)), columns=columns)
    table.loc[1] += distance / np.sqrt(ndim)
    return table.assign(frame=[0, 1], radius=[r, s])


def shared(table, **options):
    """Return the one pair's overlap and IoU; zeros if there is none."""
    _, pairs = overlap_candidates(table, **options)
    return tuple(pairs[["overlap", "iou"]].to_numpy().ravel()) or (0.0, 0.0)


def section(x, distance, r, s, ndim):
    """Return the length or area that circles or balls share in the plane at x."""
    a, b = (np.sqrt(max(0.0, q)) for q in (r**2 - x**2, s**2 - (x - distance) ** 2))
    return 2 * min(a, b) if ndim == 2 else np.pi * min(a, b) ** 2


@pytest.mark.parametrize("ndim", [2, 3])
@settings(deadline=None)
@given(distance=lengths, r=lengths, s=lengths)
def test_circles_and_balls_against_integrals(ndim, distance, r, s):
    """The integral of the sections is that of the closed form, to 1e-8 of the smaller one."""
    low, high = max(-r, distance - s), min(r, distance + s)
    cut = (distance**2 + r**2 - s**2) / (2 * distance)
    integral = 0.0
    if low < high:
        inside = [cut] if low < cut < high else None
        integral = quad(section, low, high, (distance, r, s, ndim), points=inside, limit=200)[0]
    size = {2: np.pi, 3: 4 / 3 * np.pi}[ndim]
    overlap, iou = shared(two(distance, r, s, ndim))
    smaller = size * min(r, s) ** ndim
    assert overlap == pytest.approx(integral, abs=1e-7 * smaller)
    assert iou == pytest.approx(overlap / (size * (r**ndim + s**ndim) - overlap), rel=1e-12)


@pytest.mark.parametrize(
    ("distance", "r", "s", "ndim", "expected"),
    [
        (0, 3, 3, 2, 9 * np.pi),
        (1, 4, 2, 2, 4 * np.pi),
        (2, 4, 2, 2, 4 * np.pi),  # touches from inside
        (5, 3, 2, 2, 0),  # touches from outside
        (1, 1, 1, 2, 2 * np.pi / 3 - np.sqrt(3) / 2),
        (1, 1, 1, 3, 5 * np.pi / 12),
        (0, 2, 1, 3, 4 / 3 * np.pi),
        (3, 2, 1, 3, 0),
    ],
)
def test_circles_and_balls_by_hand(distance, r, s, ndim, expected):
    table = two(0, r, s, ndim)
    table.loc[1, "x"] = distance
    assert shared(table)[0] == pytest.approx(expected, rel=1e-14, abs=0)


def test_circles_by_pixels():
    """Rasterised at 200 pixels a unit, circles share the same to 0.1 %."""
    rng = np.random.default_rng(2)
    y, x = (np.mgrid[:1200, :1200] + 0.5) / 200
    for _ in range(10):
        r, s = rng.uniform(0.5, 2, 2)
        table = pd.DataFrame(rng.uniform(2, 4, (2, 2)), columns=["y", "x"])
        table = table.assign(frame=[0, 1], radius=[r, s])
        a, b = (
            (y - spot.y) ** 2 + (x - spot.x) ** 2 < spot.radius**2 for spot in table.itertuples()
        )
        overlap, iou = np.count_nonzero(a & b), np.count_nonzero(a & b) / np.count_nonzero(a | b)
        assert shared(table) == pytest.approx((overlap / 200**2, iou), rel=1e-3, abs=1e-3)


def crowd(ndim, seed=0, n=400, frames=6):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        rng.uniform(0, 40 if ndim == 2 else 20, (n, ndim)), columns=["z", "y", "x"][-ndim:]
    )
    # Frame 3 is missing; radii span a factor of hundred.
    frame = rng.choice([0, 1, 2, 4, 5], n)
    return table.assign(frame=frame, radius=np.exp(rng.uniform(-2.3, 2.3, n)))


@pytest.mark.parametrize("ndim", [2, 3])
def test_all_pairs_of_a_crowd_are_found(ndim):
    table = crowd(ndim)
    _, pairs = overlap_candidates(table, memory=1)
    xyz, r, frame = (
        table.drop(columns=["frame", "radius"]).to_numpy(),
        table["radius"].to_numpy(),
        table["frame"].to_numpy(),
    )
    distance = np.linalg.norm(xyz[:, None] - xyz, axis=2)
    later = frame - frame[:, None]
    near = (distance < r + r[:, None]) & (later >= 1) & (later <= 2)
    target, source = np.nonzero(near.T)
    assert pairs["source"].tolist() == source.tolist()
    assert pairs["target"].tolist() == target.tolist()


@settings(deadline=None)
@given(st.integers(0, 50), st.sampled_from([2, 3]), st.floats(-1e4, 1e4))
def test_order_of_rows_and_origin_do_not_matter(seed, ndim, shift):
    table = crowd(ndim, seed, 60)
    columns = ["z", "y", "x"][-ndim:]
    moved = table.sample(frac=1, random_state=seed)
    moved["id"] = moved.index
    moved[columns] += shift
    plain, other = link_overlap(table, min_iou=0.1), link_overlap(moved, min_iou=0.1)
    key = ["source", "target"]
    expected, found = (t.edges.sort_values(key, ignore_index=True) for t in (plain, other))
    assert found[[*key, "kind"]].equals(expected[[*key, "kind"]])
    np.testing.assert_allclose(found["cost"], expected["cost"], atol=1e-7)
    assert other.spots["id"].tolist() == moved["id"].tolist()


def test_table_keeps_ids_rows_and_columns():
    table = pd.DataFrame(
        {
            "frame": [9, 8],
            "y": [0.0, 0],
            "x": [1.0, 0],
            "radius": 4,
            "id": [30, 20],
            "mass": [1, 2],
        },
        index=[5, 5],
    )
    tracks = link_overlap(table)
    pd.testing.assert_frame_equal(tracks.spots, table.reset_index(drop=True))
    assert tracks.edges[["source", "target"]].to_numpy().tolist() == [[20, 30]]
    assert table.index.tolist() == [5, 5]


def test_empty_frames_of_a_table():
    table = pd.DataFrame({"frame": [2, 7, 8], "y": 0.0, "x": 0.0, "radius": 1.0})
    assert link_overlap(table).edges["source"].tolist() == [1]
    bridged = link_overlap(table, bridge_empty=True).edges
    assert bridged["source"].tolist() == [0, 1]
    assert bridged["kind"].tolist() == ["gap", "link"]
    assert bridged["cost"].tolist() == [0, 0]


def test_empty_table():
    tracks = link_overlap(crowd(2)[:0])
    assert len(tracks.spots) == len(tracks.edges) == 0


def test_scaled_circles():
    table = two(3, 1, 1)
    assert shared(table) == (0, 0)
    assert shared(table, scale_factor=3)[1] == pytest.approx(shared(two(1, 1, 1))[1])


def test_position_columns():
    table = two(3, 1, 1, 3).assign(y=0.0, x=0.0)
    assert len(link_overlap(table).edges) == 0
    assert len(link_overlap(table, pos_columns=["y", "x"]).edges) == 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"radius": -1.0}, ValueError, "positive radii in column radius, got -1.0 in row 0"),
        (
            {"radius": [1.0, np.nan]},
            ValueError,
            "positive radii in column radius, got nan in row 1",
        ),
        ({"radius": True}, TypeError, "positive radii in column radius, got bool"),
        ({"x": np.inf}, ValueError, "finite positions in column x, got inf in row 0"),
        ({"x": "a"}, TypeError, "finite positions in column x, got"),
        ({"frame": 0.5}, ValueError, "integers in column frame, got float64"),
        ({"id": 3}, ValueError, "`id` for each row alone, got 3 twice"),
    ],
)
def test_bad_tables(change, error, message):
    with pytest.raises(error, match=message):
        link_overlap(two(1, 1, 1).assign(**change))


def test_bad_columns():
    with pytest.raises(ValueError, match=r"the column\(s\) radius, got"):
        link_overlap(two(1, 1, 1).drop(columns="radius"))
    with pytest.raises(ValueError, match=r"the column\(s\) size, got"):
        link_overlap(two(1, 1, 1), shape_column="size")
    with pytest.raises(ValueError, match="`pos_columns` must be two or three columns, got"):
        link_overlap(two(1, 1, 1), pos_columns=["x"])


# Polygons


def polygons(*shapes, frame=None):
    """Return spots at the mean of their vertices, in frames 0, 1, ..."""
    shapes = [np.asarray(shape, float) for shape in shapes]
    y, x = np.array([shape.mean(axis=0) for shape in shapes]).T
    frame = range(len(shapes)) if frame is None else frame
    return pd.DataFrame({"frame": frame, "y": y, "x": x, "polygon": shapes})


def star(rng, n):
    """Return a polygon with a radius for each angle, which cannot cross itself."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, n)) + 2 * np.pi * np.arange(n) / n
    angle /= 2
    return np.column_stack([np.sin(angle), np.cos(angle)]) * rng.uniform(0.6, 2, (n, 1))


SQUARE = np.array([[0, 0], [0, 2], [2, 2], [2, 0]])


@pytest.fixture
def shapely():
    return pytest.importorskip("shapely")


def test_squares_by_hand(shapely):
    """Closed or not, either way round: a quarter of one is shared."""
    closed = np.vstack([SQUARE, SQUARE[:1]]) + 1
    for other in (SQUARE + 1, closed, closed[::-1], (SQUARE + 1).tolist()):
        assert shared(polygons(SQUARE, other)) == (1, 1 / 7)
    assert shared(polygons(SQUARE, SQUARE)) == (4, 1)
    assert shared(polygons(SQUARE, SQUARE + np.array([0, 2]))) == (0, 0)  # a common edge


def test_polygon_with_a_bay(shapely):
    bay = [[0, 0], [0, 3], [3, 3], [3, 2], [1, 2], [1, 1], [3, 1], [3, 0]]
    inside = np.array([[1.1, 1.1], [1.1, 1.9], [2.9, 1.9], [2.9, 1.1]])
    assert shared(polygons(bay, inside)) == (0, 0)
    assert shared(polygons(bay, SQUARE + 0.5))[0] == pytest.approx(4 - 1.5)


def test_scaled_polygons(shapely):
    table = polygons(SQUARE, SQUARE + np.array([0, 3]))
    assert len(link_overlap(table, scale_factor=1.5).edges) == 0
    assert shared(table, scale_factor=2) == (4, 4 / 28)
    table["x"] = [0.0, 3]  # the centre is the spot's, here on the edge
    assert shared(table, scale_factor=2) == (4, 4 / 28)
    table["x"] = [0.0, 5]
    assert shared(table, scale_factor=2) == (12, 12 / 20)


def test_polygons_by_pixels(shapely):
    """At 150 pixels a unit, by another library's rule of what is inside: the same to 1 %."""
    draw = pytest.importorskip("skimage.draw")
    rng = np.random.default_rng(0)
    for _ in range(20):
        shapes = [star(rng, n) + 3 + rng.uniform(-0.7, 0.7, 2) for n in rng.integers(3, 20, 2)]
        masks = [draw.polygon2mask((900, 900), shape * 150 - 0.5) for shape in shapes]
        a, b = masks
        expected = (
            np.count_nonzero(a & b) / 150**2,
            np.count_nonzero(a & b) / np.count_nonzero(a | b),
        )
        assert shared(polygons(*shapes)) == pytest.approx(expected, abs=0.01)


def test_many_sided_polygons_are_circles(shapely):
    table = crowd(2, n=120)
    table["radius"] = 1 + table["radius"] / 4
    angle = 2 * np.pi * np.arange(2000) / 2000
    unit = np.column_stack([np.sin(angle), np.cos(angle)])
    table["polygon"] = [
        np.array([spot.y, spot.x]) + spot.radius * unit for spot in table.itertuples()
    ]
    circles = link_overlap(table, shape_column="radius", min_iou=0.1).edges
    found = link_overlap(table, min_iou=0.1).edges
    assert found.drop(columns="cost").equals(circles.drop(columns="cost"))
    np.testing.assert_allclose(found["cost"], circles["cost"], atol=1e-5)


@pytest.mark.parametrize("min_iou", [0, 0.2, 0.5])
def test_bounds_lose_no_pair(shapely, min_iou):
    """The tracks are those that all intersections, one by one, lead to; frame 3 is missing."""
    rng = np.random.default_rng(5)
    frame = rng.choice([0, 1, 2, 4, 5], 150)
    shapes = [star(rng, n) + rng.uniform(0, 12, 2) for n in rng.integers(3, 12, 150)]
    found = link_overlap(polygons(*shapes, frame=frame), min_iou=min_iou).edges
    whole = [shapely.Polygon(shape) for shape in shapes]
    best = {}
    for target in range(150):
        iou = {
            source: whole[source].intersection(whole[target]).area
            / whole[source].union(whole[target]).area
            for source in np.flatnonzero(frame == frame[target] - 1)
        }
        if iou and max(iou.values()) > min_iou:
            best[target] = max(iou, key=iou.get)
    assert dict(zip(found["target"], found["source"], strict=True)) == best
    assert 5 < len(best) < 150


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ([[0, 0], [2, 2], [0, 2], [2, 0]], "simple polygons in column polygon, got one with Self-"),
        ([[0, 0], [1, 1], [2, 2]], "simple polygons in column polygon"),
        ([[0, 0], [1, 1]], "three vertices .* in row 1"),
        ([[0, 0], [1, 1], [0, 0]], "three vertices .* in row 1"),
        ([[0, 0, 0], [1, 1, 0], [0, 1, 0]], "three vertices .* in row 1"),
        ([[0, 0], [1, 1], [0, np.nan]], r"finite vertices .* got \[0.0, nan\] in row 1"),
        ([], "three vertices"),
        (None, "three vertices"),
        ("square", "three vertices"),
        ([[0, 0], [1]], "three vertices"),
    ],
)
def test_bad_polygons(shapely, shape, message):
    table = polygons(SQUARE, SQUARE)
    table["polygon"] = [SQUARE, shape]
    with pytest.raises(ValueError, match=f"`objects` must have .*{message}"):
        link_overlap(table)


def test_polygons_in_3d(shapely):
    table = polygons(SQUARE, SQUARE).assign(z=0.0)
    with pytest.raises(ValueError, match="two of the plane of the polygons, got z, y, x"):
        link_overlap(table)
    assert len(link_overlap(table, pos_columns=["y", "x"]).edges) == 1


def test_without_shapely(monkeypatch):
    monkeypatch.setitem(sys.modules, "shapely", None)
    with pytest.raises(SpotgpuError, match=r'pip install "spotgpu\[shapes\]"'):
        link_overlap(polygons(SQUARE, SQUARE))
    assert len(link_overlap(two(0, 1, 1)).edges) == 1
