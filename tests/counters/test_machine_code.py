"""How often blocks of machine code run, on listings written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.model.cards import CARDS
from benchmarks.model.machine_code import _flow, _graph, accesses

#: Three instructions, a loop of five that stores 8 bytes, a branch around two, one at the end.
LISTING = """
	.section	.text.other,"ax",@progbits
        /*0000*/                   EXIT ;
	.section	.text.own,"ax",@progbits
	//## File "/own.cu", line 3
        /*0000*/                   S2R R0, SR_TID.X ;
        /*0010*/                   DADD R4, R2, R2 ;
        /*0020*/                   IADD3 R1, R0, 0x1, RZ ;
.L_x_0:
	//## File "/own.cu", line 5 inlined at "/own.cu", line 8
	//## File "/own.cu", line 8
        /*0030*/                   LDG.E.64 R2, desc[UR4][R2.64] ;
        /*0040*/                   STG.E.64 desc[UR4][R2.64], R4 ;
        /*0050*/                   DMUL R4, R4, R4 ;
        /*0060*/                   ISETP.GE.AND P0, PT, R0, 0x20, PT ;
        /*0070*/              @!P0 BRA `(.L_x_0) ;
	//## File "/own.cu", line 9
        /*0080*/               @P1 BRA `(.L_x_1) ;
        /*0090*/                   STS.U8 [R1], R0 ;
        /*00a0*/                   NOP ;
        /*00b0*/                   IADD3 R1, R0, 0x1, RZ ;
.L_x_1:
        /*00c0*/                   EXIT ;
.L_x_2:
        /*00d0*/                   BRA `(.L_x_2) ;
$own$__internal_0:
        /*00e0*/                   RET.REL.NODEC R2 `(own) ;
"""


def test_blocks() -> None:
    blocks, edges = _graph(LISTING, "own")
    assert [len(block.instructions) for block in blocks] == [3, 5, 1, 2, 1]
    assert edges == [(0, 1), (1, 1), (1, 2), (2, 3), (2, 4), (3, 4)]
    assert blocks[1].bytes == {(5, False): 8, (5, True): 8}
    assert blocks[3].bytes == {(9, True): 1}


@pytest.mark.parametrize(("loads", "around"), [(10, 0.0), (14, 0.25), (10, 1.0)])
def test_flow(loads: float, around: float) -> None:
    """The stores say how often the loop runs; the compiler may have merged loads."""
    blocks, edges = _graph(LISTING, "own")
    counts = {(5, True): 10 * 8, (5, False): loads * 8, (9, True): around}
    runs, missed = _flow(blocks, edges, counts)
    np.testing.assert_allclose(runs, [1, 10, 1, around, 1], atol=1e-9)
    assert missed == pytest.approx(0, abs=1e-9)


def test_warps_that_split_are_paid_for() -> None:
    """Both sides of a branch may run more often than the branch itself."""
    listing = LISTING.replace("IADD3 R1, R0, 0x1, RZ ;\n.L_x_1:", "STS [R1], R0 ;\n.L_x_1:")
    blocks, edges = _graph(listing.replace("`(.L_x_0)", "`(.L_x_1)"), "own")
    runs, missed = _flow(blocks, edges, {(5, True): 8.0, (9, True): 5.0})
    np.testing.assert_allclose(runs, [1, 1, 1, 1, 1], atol=1e-9)
    assert missed == pytest.approx(0, abs=1e-9)


def test_accesses_are_of_one_warp() -> None:
    rows = [
        {"line": "own.cu:5", "access": "global write", "requests": 40, "bytes": 8},
        {"line": "own.cu:5", "access": "shared write", "requests": 4, "bytes": 4},
        {"line": "own.cu:7", "access": "global read", "requests": 2, "bytes": 1},
    ]
    assert accesses(rows, 4) == {(5, True): 84.0, (7, False): 0.5}


def test_bounds_of_a_card() -> None:
    """By hand: 132 multiprocessors at 1.755 GHz."""
    times = CARDS[0].times(moved=3.35e9, instructions=1e6, doubles=1e6)
    assert times["memory"] == pytest.approx(1e-3 / 0.7)
    assert times["issue"] == pytest.approx(1e6 / (0.45 * 4 * 132 * 1.755e9))
    assert times["float64"] == pytest.approx(32e6 / (64 * 132 * 1.755e9))
