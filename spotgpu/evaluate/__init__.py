"""How good spots and tracks are: against a truth that is known, or by themselves."""

from spotgpu.evaluate._bias import BIAS_LIMIT, subpixel_bias
from spotgpu.evaluate._spots import SpotMatch, match_spots
from spotgpu.evaluate._tracks import TrackMatch, match_tracks

__all__ = [
    "BIAS_LIMIT",
    "SpotMatch",
    "TrackMatch",
    "match_spots",
    "match_tracks",
    "subpixel_bias",
]
