"""Numbers by well: what is drawn, and where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spotgpu.plot import plate_heatmap


def drawn(ax: Any, number: int = 1) -> np.ndarray:
    """Return the values of a mesh: the first is the ground, the second has the values."""
    return np.ma.filled(ax.collections[number].get_array(), np.nan)


def texts(labels: Any) -> list[str]:
    return [label.get_text() for label in labels]


def test_values_are_where_their_wells_are(ax: Any) -> None:
    assert plate_heatmap({"A1": 1.0, "B03": 2.0, "d6": 4}, label="D (µm²/s)", ax=ax) is ax
    expected = np.full((4, 6), np.nan)
    expected[0, 0], expected[1, 2], expected[3, 5] = 1, 2, 4
    np.testing.assert_array_equal(drawn(ax), expected)
    # Well A1 is in the upper left corner, around (1, 1).
    corners = ax.collections[1].get_coordinates()
    np.testing.assert_array_equal(corners[0, 0], [0.5, 0.5])
    np.testing.assert_array_equal(corners[4, 6], [6.5, 4.5])
    assert ax.get_ylim() == (4.5, 0.5)
    assert ax.get_xlim() == (0.5, 6.5)
    assert texts(ax.get_xticklabels()) == ["1", "2", "3", "4", "5", "6"]
    assert texts(ax.get_yticklabels()) == ["A", "B", "C", "D"]
    assert ax.collections[1].colorbar.ax.get_ylabel() == "D (µm²/s)"
    assert ax.collections[1].get_clim() == (1, 4)
    np.testing.assert_array_equal(drawn(ax, 0) == 1, np.isfinite(expected))


@pytest.mark.parametrize(
    ("well", "shape", "last_row"),
    [
        ("D06", (4, 6), "D"),
        ("D07", (8, 12), "H"),
        ("E01", (8, 12), "H"),
        ("H12", (8, 12), "H"),
        ("I12", (16, 24), "P"),
        ("P24", (16, 24), "P"),
        ("A25", (32, 48), "AE"),
        ("AF48", (32, 48), "AE"),
    ],
)
def test_smallest_plate_that_holds_the_wells(
    ax: Any, well: str, shape: tuple[int, int], last_row: str
) -> None:
    plate_heatmap({well: 3.0}, label="tracks", ax=ax)
    values = drawn(ax)
    assert values.shape == shape
    row = ord(well[-3]) - ord("A") + (26 if len(well) == 4 else 0)
    assert values[row, int(well[-2:]) - 1] == 3
    assert np.isfinite(values).sum() == 1
    assert ax.get_yticklabels()[-1].get_text() == last_row


def test_failed_wells_are_crossed(ax: Any) -> None:
    plate_heatmap({"A1": 1.0, "A2": np.nan}, label="D", failed={"b3", "A02", "H12"}, ax=ax)
    (crosses,) = ax.lines
    np.testing.assert_array_equal(crosses.get_xydata(), [[2, 1], [3, 2], [12, 8]])
    assert drawn(ax).shape == (8, 12)
    # Grey where there is a movie, white elsewhere.
    ground = np.zeros((8, 12))
    ground[0, :2] = ground[1, 2] = ground[7, 11] = 1
    np.testing.assert_array_equal(drawn(ax, 0), ground)


def test_outliers_do_not_set_the_colours(ax: Any) -> None:
    # Quartiles 2 and 4: the colours reach 6 further, to -4 and 10 at most.
    values = {"A1": 1, "A2": 2, "A3": 2, "A4": 3, "A5": 4, "A6": 4, "B1": 900}
    plate_heatmap(values, label="D", ax=ax)
    assert ax.collections[1].get_clim() == (1, 4)
    assert ax.collections[1].colorbar.extend == "max"
    ax.clear()
    plate_heatmap({**values, "B1": -900, "B2": 10.0}, label="D", ax=ax)
    assert ax.collections[1].get_clim() == (1, 10)
    assert ax.collections[1].colorbar.extend == "min"


def test_equal_values_and_none(ax: Any) -> None:
    plate_heatmap({"A1": 5, "A2": 5, "A3": 5, "A4": 5, "A5": 7}, label="tracks", ax=ax)
    assert ax.collections[1].get_clim() == (5, 7)
    assert ax.collections[1].colorbar.extend == "neither"
    ax.clear()
    plate_heatmap({}, label="tracks", failed=["C1"], ax=ax)
    assert ax.get_title() == "tracks: no values"
    ax.clear()
    plate_heatmap({"A1": np.inf}, label="tracks", ax=ax)
    assert ax.get_title() == "tracks: no values"


@pytest.mark.parametrize("well", ["", "A", "A0", "A001", "A49", "AG1", "1A", "A1 ", 1, None])
def test_what_is_no_well(ax: Any, well: Any) -> None:
    message = r"must have wells from 'A1' to 'AF48', got "
    with pytest.raises(ValueError, match="`values_by_well` " + message):
        plate_heatmap({well: 1.0}, label="D", ax=ax)
    with pytest.raises(ValueError, match="`failed` " + message):
        plate_heatmap({}, label="D", failed=[well], ax=ax)


def test_bad_input(ax: Any) -> None:
    with pytest.raises(ValueError, match="must have each well once, got 'a01' again"):
        plate_heatmap({"A1": 1.0, "a01": 2.0}, label="D", ax=ax)
    with pytest.raises(TypeError, match="`values_by_well` must be a mapping, got list"):
        plate_heatmap([1.0], label="D", ax=ax)
    with pytest.raises(TypeError, match="`values_by_well` must be a finite number, got 'x'"):
        plate_heatmap({"A1": "x"}, label="D", ax=ax)
    with pytest.raises(TypeError, match="`failed` must be a collection of wells, got 'A1'"):
        plate_heatmap({}, label="D", failed="A1", ax=ax)
    with pytest.raises(TypeError, match="`label` must be a str, got NoneType"):
        plate_heatmap({}, label=None, ax=ax)
