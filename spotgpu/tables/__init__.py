"""The tables that the rooms share: which columns they have and how they are checked."""

from spotgpu.tables._columns import POSITION_COLUMNS, position_columns, require_columns
from spotgpu.tables._edges import EDGE_KINDS, branching_kinds, edge_table
from spotgpu.tables._tracks import Tracks

__all__ = [
    "EDGE_KINDS",
    "POSITION_COLUMNS",
    "Tracks",
    "branching_kinds",
    "edge_table",
    "position_columns",
    "require_columns",
]
