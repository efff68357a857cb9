"""The tables that the rooms share: which columns they have and how they are checked."""

from spotgpu.tables._columns import POSITION_COLUMNS, position_columns, require_columns
from spotgpu.tables._edges import (
    EDGE_KINDS,
    branching_kinds,
    check_edges,
    check_ids,
    edge_table,
    row_numbers,
    with_ids,
)
from spotgpu.tables._tracks import Tracks

__all__ = [
    "EDGE_KINDS",
    "POSITION_COLUMNS",
    "Tracks",
    "branching_kinds",
    "check_edges",
    "check_ids",
    "edge_table",
    "position_columns",
    "require_columns",
    "row_numbers",
    "with_ids",
]
