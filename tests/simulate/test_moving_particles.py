"""Simulated tracks: their statistics against closed forms.

Tolerances are five standard errors, unless it says otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from spotgpu.simulate import moving_particles
from spotgpu.tables import Tracks

#: Few leave it.
WIDE = (20_000, 20_000)
WIDE_3D = (3000, 3000, 3000)
FOREVER = {"death_rate": 0.0, "division_rate": 0.0}


def cube(truth: Tracks, *columns: str) -> np.ndarray:
    """Return the values of the particles that are in all frames, shape (frames, n, columns)."""
    table = truth.to_dataframe()
    n_frames = table["frame"].max() + 1
    whole = table.groupby("particle")["frame"].transform("size") == n_frames
    table = table[whole].sort_values(["frame", "particle"])
    return table[list(columns)].to_numpy().reshape(n_frames, -1, len(columns))


def axes(shape: tuple[int, ...]) -> list[str]:
    return list("zyx"[-len(shape) :])


def ends(truth: Tracks) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the spots that have no edge to them, and those that have none from them."""
    spots, edges = truth.spots, truth.edges
    return spots[~spots["id"].isin(edges["target"])], spots[~spots["id"].isin(edges["source"])]


def deep_inside(spots: pd.DataFrame, margin: float, length: float) -> pd.Series:
    return spots[["y", "x"]].sub((length - 1) / 2).abs().max(axis=1) < length / 2 - margin


def test_the_tables() -> None:
    truth = moving_particles("switching", 6, 40, (12, 30, 40), seed=3)
    spots, edges = truth.spots, truth.edges
    assert list(spots.columns) == ["id", "frame", "z", "y", "x", "directed"]
    assert spots["id"].tolist() == list(range(len(spots)))
    assert spots["frame"].dtype == spots["id"].dtype == np.int64
    assert spots["frame"].is_monotonic_increasing
    assert spots["directed"].dtype == bool
    low, high = spots[["z", "y", "x"]].min(), spots[["z", "y", "x"]].max()
    assert (low >= -0.5).all()
    assert (high < np.array([11.5, 29.5, 39.5])).all()
    assert edges["cost"].isna().all()
    frame = spots["frame"].to_numpy()
    assert set(frame[edges["target"]] - frame[edges["source"]]) == {1}
    again = moving_particles("switching", 6, 40, (12, 30, 40), seed=3)
    pd.testing.assert_frame_equal(spots, again.spots)
    pd.testing.assert_frame_equal(edges, again.edges)
    assert not spots.equals(moving_particles("switching", 6, 40, (12, 30, 40), seed=4).spots)


@pytest.mark.parametrize("shape", [WIDE, WIDE_3D])
def test_brownian_msd(shape: tuple[int, ...]) -> None:
    truth = moving_particles("brownian", 21, 3000, shape, D=0.7, **FOREVER)
    paths = cube(truth, *axes(shape))
    assert paths.shape[1] > 2500
    for lag in (1, 5, 20):
        squares = (paths[lag::lag] - paths[:-lag:lag]) ** 2
        expected = 2 * 0.7 * lag
        assert abs(squares.mean() - expected) < 5 * expected * np.sqrt(2 / squares.size)


def test_diffusion_by_axis() -> None:
    truth = moving_particles("brownian", 11, 2000, WIDE_3D, D=(0.0, 0.5, 2.0), **FOREVER)
    squares = (np.diff(cube(truth, "z", "y", "x"), axis=0) ** 2).reshape(-1, 3)
    error = 5 * np.array([0, 1, 4]) * np.sqrt(2 / len(squares)) + 1e-12
    assert (np.abs(squares.mean(axis=0) - (0, 1, 4)) < error).all()


@pytest.mark.parametrize("shape", [WIDE, WIDE_3D])
def test_directed_motion_persists(shape: tuple[int, ...]) -> None:
    options: dict[str, Any] = {"speed": 4.0, "turn": 0.3, "jitter": 0.0, **FOREVER}
    steps = np.diff(
        cube(moving_particles("directed", 31, 4000, shape, **options), *axes(shape)), 1, 0
    )
    np.testing.assert_allclose(np.linalg.norm(steps, axis=2), 4, rtol=1e-9)
    for lag in (1, 5, 25):
        cosine = (steps[0] * steps[lag]).sum(axis=1) / 16
        error = 5 * cosine.std() / np.sqrt(len(cosine))
        assert abs(cosine.mean() - np.exp(-lag * 0.3**2 / 2)) < error
    # All directions alike: the mean of n unit vectors has the variance 1 / n.
    assert np.linalg.norm(steps[0].mean(axis=0) / 4) < 5 / np.sqrt(steps.shape[1])


def test_directed_motion_jitters() -> None:
    options: dict[str, Any] = {"speed": 2.0, "turn": 0.0, "jitter": 0.25, **FOREVER}
    steps = np.diff(cube(moving_particles("directed", 21, 2000, WIDE, **options), "y", "x"), 1, 0)
    noise = steps - steps.mean(axis=0)
    freedom = noise.size * 19 / 20
    assert abs((noise**2).sum() / freedom / 0.25**2 - 1) < 5 * np.sqrt(2 / freedom)


def test_switching() -> None:
    truth = moving_particles(
        "switching", 60, 2000, WIDE, to_directed=0.05, to_brownian=0.2, speed=50.0, jitter=0.0,
        D=0.5, turn=0.0, **FOREVER,
    )  # fmt: skip
    states = cube(truth, "directed")[..., 0].astype(bool)
    for state, rate in ((False, 0.05), (True, 0.2)):
        leaves = states[1:][states[:-1] == state] != state
        assert abs(leaves.mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / len(leaves))
    # In equilibrium from the first frame on.
    for frame in (0, 59):
        assert abs(states[frame].mean() - 0.2) < 5 * np.sqrt(0.16 / states.shape[1])
    steps = np.diff(cube(truth, "y", "x"), axis=0)
    length = np.linalg.norm(steps, axis=2)
    # The state of a spot is that of the step that it makes.
    np.testing.assert_allclose(length[states[:-1]], 50)
    assert length[~states[:-1]].max() < 10
    # The direction lasts as long as the state, and the next one is another.
    both = states[:-2] & states[1:-1]
    cosine = (steps[:-1] * steps[1:]).sum(axis=2) / 2500
    np.testing.assert_allclose(cosine[both], 1)
    rest = states[:-3] & ~states[1:-2] & states[2:-1]
    cosine = (steps[:-2] * steps[2:]).sum(axis=2)[rest] / 2500
    assert abs(cosine.mean()) < 5 * np.sqrt(0.5 / len(cosine))


@pytest.mark.parametrize("motion", ["brownian", "directed", "switching", "dividing"])
@pytest.mark.parametrize("shape", [(64, 64), (8, 64, 64)])
def test_density_stays(motion: str, shape: tuple[int, ...]) -> None:
    """The mean over many runs is the density, in each frame and each part of the image."""
    runs = [moving_particles(motion, 40, 60, shape, seed=s).spots for s in range(60)]
    counts = np.array([np.bincount(spots["frame"], minlength=40) for spots in runs])
    error = counts[:, [0, 20, 39]].std(axis=0, ddof=1) / np.sqrt(60)
    assert (np.abs(counts[:, [0, 20, 39]].mean(axis=0) - 60) < 5 * error).all()
    assert counts[:, 0].var(ddof=1) == pytest.approx(60, rel=0.8)  # Poisson
    last = pd.concat([spots[spots["frame"] == 39] for spots in runs])
    for axis in axes(shape):
        length = shape["zyx".index(axis) - 3]
        parts = np.histogram(last[axis], 8, (-0.5, length - 0.5))[0]
        # Chi-squared with 7 degrees of freedom, p = 1e-6; more where relatives are near each other.
        limit = 40 if motion != "dividing" else 80
        assert ((parts - parts.mean()) ** 2 / parts.mean()).sum() < limit


def test_births_and_deaths() -> None:
    truth = moving_particles("brownian", 60, 400, (512, 512), D=0.1, death_rate=0.05, seed=2)
    starts, stops = ends(truth)
    births = (starts["frame"] > 0) & deep_inside(starts, 10, 512)
    # 59 frames with a Poisson number of births, in the part that no one enters.
    expected = 59 * 400 * 0.05 * (492 / 512) ** 2
    assert abs(births.sum() - expected) < 5 * np.sqrt(expected)
    counts = np.bincount(starts["frame"][births], minlength=60)[1:]
    assert 0.5 < counts.var(ddof=1) / counts.mean() < 1.7
    deaths = ((stops["frame"] < 59) & deep_inside(stops, 10, 512)).sum()
    alive = (deep_inside(truth.spots, 10, 512) & (truth.spots["frame"] < 59)).sum()
    assert abs(deaths - 0.05 * alive) < 5 * np.sqrt(0.05 * 0.95 * alive)


def test_particles_come_in_through_the_edges() -> None:
    """As many as would without a box: those whose step leads from outside to the inside."""
    length, speed = 200, 10.0
    truth = moving_particles(
        "directed", 200, 800, (length, length), speed=speed, turn=0.0, jitter=0.0, **FOREVER
    )
    starts, stops = ends(truth)
    angle = (np.arange(1000) + 0.5) / 1000 * 2 * np.pi
    dy, dx = speed * np.abs((np.sin(angle), np.cos(angle)))
    stay = ((length - dy) * (length - dx)).mean() / length**2
    expected = (truth.spots["frame"] < 199).sum() * (1 - stay)
    for frames in (starts["frame"][starts["frame"] > 0] - 1, stops["frame"][stops["frame"] < 199]):
        assert abs(len(frames) - expected) < 5 * np.sqrt(expected)
    assert not deep_inside(starts[starts["frame"] > 0], speed, length).any()


def test_who_comes_back_is_new() -> None:
    truth = moving_particles("brownian", 200, 50, (20, 20), D=2.0, **FOREVER)
    table = truth.to_dataframe()
    spans = table.groupby("particle")["frame"].agg(["min", "max", "size"])
    assert (spans["max"] - spans["min"] + 1 == spans["size"]).all()
    steps = table.sort_values(["particle", "frame"]).groupby("particle")[["y", "x"]].diff()
    assert steps.abs().max().max() < 6 * 2


def test_divisions() -> None:
    truth = moving_particles(
        "dividing", 40, 3000, WIDE, D=0.5, division_rate=0.03, death_rate=0.03,
        daughter_distance=12.0,
    )  # fmt: skip
    spots, relations = truth.spots, truth.relations()
    assert set(truth.edges["kind"]) == {"link", "split"}
    mothers = truth.edges[truth.edges["kind"] == "split"].sort_values(["source", "target"])
    pairs = mothers["source"].to_numpy().reshape(-1, 2)
    assert (pairs[:, 0] == pairs[:, 1]).all()
    assert len(relations) == len(mothers)
    alive = (spots["frame"] < 39).sum()
    assert abs(len(pairs) - 0.03 * alive) < 5 * np.sqrt(0.03 * 0.97 * alive)
    daughters = mothers["target"].to_numpy().reshape(-1, 2)
    places = spots[["y", "x"]].to_numpy()
    one, other = places[daughters[:, 0]], places[daughters[:, 1]]
    np.testing.assert_allclose(np.linalg.norm(one - other, axis=1), 12)
    # On both sides of where the mother would be.
    steps = (one + other) / 2 - places[pairs[:, 0]]
    assert abs((steps**2).mean() - 1) < 5 * np.sqrt(2 / steps.size)


def test_growth() -> None:
    """Without deaths the number grows by the rate of divisions."""
    truth = moving_particles("dividing", 31, 3000, WIDE, division_rate=0.05, death_rate=0.0)
    counts = np.bincount(truth.spots["frame"])
    # A Yule process: each founder has exp(growth) descendants, geometric.
    growth = 1.05**30
    assert abs(counts[30] - counts[0] * growth) < 5 * np.sqrt(counts[0] * growth * (growth - 1))
    starts, _ = ends(truth)
    inner = starts[deep_inside(starts, 100, WIDE[0])]
    assert (inner["frame"] == 0).all()


def test_nobody_and_one_frame() -> None:
    assert len(moving_particles("brownian", 5, 0, (9, 9)).spots) == 0
    truth = moving_particles("dividing", 1, 30, (50, 50))
    assert set(truth.spots["frame"]) == {0}
    assert len(truth.edges) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"motion": "fast"}, "`motion` must be one of 'brownian', 'directed'"),
        ({"n_frames": 0}, "`n_frames` must be an integer >= 1, got 0"),
        ({"density": -1}, "`density` must be a finite number >= 0, got -1"),
        ({"shape": (20,)}, r"`shape` must be \(\[Z,\] Y, X\)"),
        ({"D": -1}, "`D` must be"),
        ({"D": (1, 1, 1)}, "`D` must be one value or 2"),
        ({"speed": -1}, "`speed` must be"),
        ({"turn": np.nan}, "`turn` must be"),
        ({"jitter": -0.1}, "`jitter` must be"),
        ({"to_directed": 1.1}, "`to_directed` must be a finite number >= 0 and <= 1, got 1.1"),
        ({"to_brownian": 0}, "`to_directed` and `to_brownian` must not both be 0"),
        ({"death_rate": 2}, "`death_rate` must be"),
        ({"death_rate": 0.6, "division_rate": 0.5}, "must add up to <= 1, got 0.6 and 0.5"),
        ({"daughter_distance": -1}, "`daughter_distance` must be"),
        ({"seed": -1}, "`seed` must be"),
    ],
)
def test_bad_values(change: dict[str, Any], message: str) -> None:
    given = {"motion": "brownian", "n_frames": 5, "density": 3, "shape": (20, 20)}
    with pytest.raises(ValueError, match=message):
        moving_particles(**(given | change))


def test_bad_types() -> None:
    with pytest.raises(TypeError, match="`density` must be a finite number >= 0, got 'many'"):
        moving_particles("brownian", 5, "many", (20, 20))  # type: ignore[arg-type]
