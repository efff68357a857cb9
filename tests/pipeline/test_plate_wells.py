"""Wells in the names of movies."""

from __future__ import annotations

from itertools import product

import pytest

from spotgpu.pipeline._wells import wells


@pytest.mark.parametrize(
    ("name", "well"),
    [
        ("A1", "A01"),
        ("A01.tif", "A01"),
        ("a-1", "A01"),
        ("B12.ome.tif", "B12"),
        ("AF48", "AF48"),
        ("well_A01", "A01"),
        ("Well A01", "A01"),
        ("WellC07_PointA01_0000_ChannelGFP_Seq0000.nd2", "C07"),
        ("screen_A01_s1.tif", "A01"),
        ("r02c03f01p01-ch1sk1fk1fl1.tiff", "B03"),
        ("r32c48", "AF48"),
        ("B - 03(fld 1 wv FITC - FITC time 01 - 0 ms).tif", "B03"),
        ("AssayPlate_H12_T0001F001L01A01Z01C01.tif", "H12"),
        ("scan_Plate_R_p00_0_B03f00d4.TIF", "B03"),
        ("plate 1/B02/movie.tif", "B02"),
        ("A1_02_1_1_GFP_001.tif", "A01"),
    ],
)
def test_ways_of_writing(name: str, well: str) -> None:
    assert wells([name]) == [well]


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["beads.tif"],
        ["beads s1.tif", "beads s2.tif"],
        ["T01", "T02"],
        ["t1_z3_c2", "t2_z3_c2"],
        ["Z3_T01", "T02"],
        ["exp12", "exp13"],
        ["B16F10 cells 1", "B16F10 cells 2"],
        ["B16 cells one", "B16 cells two"],
        ["2024-01-05", "05-Jan-24", "20240105"],
        ["A0", "A49", "AG1", "r33c1", "r0c1", "r1c49", "A001", "xA1", "A1b"],
        ["day d1", "day d2"],
        ["C2C12", "A549", "U2OS", "H2B-GFP"],
    ],
)
def test_what_is_no_well(names: list[str]) -> None:
    assert wells(names) == [None] * len(names)


def test_the_place_that_varies_counts() -> None:
    # A constant word before, an image's number after, and one name with another word before.
    names = ["B16 A01_T1", "B16 B02_T2", "B16 A01_T3", "E7 B16 C03_T1", "B16 blank_T2"]
    assert wells(names) == ["A01", "B02", "A01", "C03", None]
    names = ["B16 cells A1 t1", "B16 cells A2 t1", "control A3 t1"]
    assert wells(names) == ["A01", "A02", "A03"]
    names = [f"D{day}_{row}0{column}" for day in (1, 2, 3) for row in "AB" for column in (4, 5)]
    assert wells(names) == ["A04", "A05", "B04", "B05"] * 3


def test_fields_share_a_well() -> None:
    names = [f"{row}{column:02d}_s{s}" for row in "AB" for column in (1, 2) for s in (1, 2)]
    assert wells(names) == ["A01", "A01", "A02", "A02", "B01", "B01", "B02", "B02"]


def test_small_letters_are_told_from_capitals() -> None:
    assert wells(["A1_b2", "A2_b2", "B1_b2", "none_b2"]) == ["A01", "A02", "B01", None]


def test_rows_past_p_need_a_plate_that_has_them() -> None:
    # In the third name S1 stands where the others have their well.
    assert wells(["A1_S1", "B1_S1", "blank_S1"]) == ["A01", "B01", None]
    assert wells(["A1_S1", "S1_S1", "AA1_S1"]) == ["A01", "S01", "AA01"]


def test_wells_that_are_certain_come_first() -> None:
    assert wells(["A1 r02c03", "B1 r02c04", "C1 x"]) == ["B03", "B04", None]
    # A single row of letters that count other things, too.
    assert wells(["well C1", "well C2"]) == ["C01", "C02"]
    assert wells(["C1", "C2"]) == [None, None]


def test_less_than_half_is_chance() -> None:
    assert wells(["A1", "B2", "x", "y"]) == [None] * 4
    assert wells(["A1", "B2", "x"]) == ["A01", "B02", None]


def test_whole_plates_come_back() -> None:
    rows = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "AA", "AB", "AC", "AD", "AE", "AF"]
    for n_rows, n_columns in ((8, 12), (16, 24), (32, 48)):
        plate = list(product(range(n_rows), range(1, n_columns + 1)))
        expected = [f"{rows[r]}{c:02d}" for r, c in plate]
        assert wells([f"exp12 B16F10_{well}_T01_Z3.tif" for well in expected]) == expected
        assert wells([f"{rows[r].lower()}{c}_t01" for r, c in plate]) == expected
        assert wells([f"r{r + 1:02d}c{c:02d}f01" for r, c in plate]) == expected
