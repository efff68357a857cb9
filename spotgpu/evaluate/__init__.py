"""How good spots and tracks are: against a truth that is known, or by themselves."""

from spotgpu.evaluate._bias import BIAS_LIMIT, subpixel_bias
from spotgpu.evaluate._lineages import match_labels, match_lineages
from spotgpu.evaluate._measures import CTC_WEIGHTS, LineageMatch
from spotgpu.evaluate._spots import SpotMatch, match_spots
from spotgpu.evaluate._tracks import TrackMatch, match_tracks

__all__ = [
    "BIAS_LIMIT",
    "CTC_WEIGHTS",
    "LineageMatch",
    "SpotMatch",
    "TrackMatch",
    "match_labels",
    "match_lineages",
    "match_spots",
    "match_tracks",
    "subpixel_bias",
]
