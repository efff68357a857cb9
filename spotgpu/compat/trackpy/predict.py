"""Trackpy's predictors, which link by methods of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy.typing as npt
import pandas as pd

from spotgpu import linking
from spotgpu.compat.trackpy.linking import link, link_df_iter
from spotgpu.linking import NullPredict as _NullPredict
from spotgpu.linking import predictor

__all__ = [
    "ChannelPredict",
    "DriftPredict",
    "NearestVelocityPredict",
    "NullPredict",
    "null_predict",
    "predictor",
]


class _Linking(_NullPredict):
    """What trackpy's predictors can do beside predicting."""

    def link_df(self, f: pd.DataFrame, search_range: Any, **kwargs: Any) -> pd.DataFrame:
        """Link a table by this predictor.

        Parameters
        ----------
        f : DataFrame
            The spots.
        search_range : float or tuple of float
            As in `spotgpu.link`.
        **kwargs
            The options of `spotgpu.link`.

        Returns
        -------
        DataFrame
            As of `spotgpu.compat.trackpy.link`.
        """
        return link(f, search_range, predictor=self, **kwargs)

    def link_df_iter(
        self, f_iter: Iterable[pd.DataFrame], search_range: Any, **kwargs: Any
    ) -> Iterator[pd.DataFrame]:
        """Link a stream of tables by this predictor.

        Parameters
        ----------
        f_iter : iterable of DataFrame
            The spots of each frame.
        search_range : float or tuple of float
            As in `spotgpu.link`.
        **kwargs
            The options of `spotgpu.link`.

        Yields
        ------
        DataFrame
            As of `spotgpu.linking.link_df_iter`.
        """
        yield from link_df_iter(f_iter, search_range, predictor=self, **kwargs)

    def wrap(
        self, linking_fcn: Callable[..., Iterable[pd.DataFrame]], *args: Any, **kwargs: Any
    ) -> Iterator[pd.DataFrame]:
        """Call a function that links a stream of tables, with this predictor.

        Parameters
        ----------
        linking_fcn : callable
            It takes the argument `predictor`.
        *args, **kwargs
            Its others.

        Yields
        ------
        DataFrame
            What it yields.
        """
        yield from linking_fcn(*args, predictor=self, **kwargs)

    def wrap_single(
        self,
        linking_fcn: Callable[..., Iterable[pd.DataFrame]],
        f: pd.DataFrame,
        *args: Any,
        **kwargs: Any,
    ) -> pd.DataFrame:
        """Call a function that links a stream of tables with the frames of one.

        Parameters
        ----------
        linking_fcn : callable
            It takes the argument `predictor`.
        f : DataFrame
            The spots.
        *args, **kwargs
            Its others.

        Returns
        -------
        DataFrame
            What it yields, in one.
        """
        frames = (table for _, table in f.groupby(kwargs.get("t_column", "frame")))
        return pd.concat(self.wrap(linking_fcn, frames, *args, **kwargs))


class NullPredict(_Linking):
    """Particles stay where they are."""


class NearestVelocityPredict(_Linking, linking.NearestVelocityPredict):
    """As `spotgpu.linking.NearestVelocityPredict`.

    Parameters
    ----------
    initial_guess_positions, initial_guess_vels : array_like, optional
        As there.
    pos_columns : sequence of str, optional
        Without effect: positions are in the order that the linker has.
    span : int
        As there.
    """

    def __init__(
        self,
        initial_guess_positions: npt.ArrayLike | None = None,
        initial_guess_vels: npt.ArrayLike | None = None,
        pos_columns: Sequence[str] | None = None,
        span: int = 1,
    ) -> None:
        super().__init__(initial_guess_positions, initial_guess_vels, span=span)
        self.pos_columns = pos_columns


class DriftPredict(_Linking, linking.DriftPredict):
    """As `spotgpu.linking.DriftPredict`.

    Parameters
    ----------
    initial_guess : array_like, optional
        As there.
    pos_columns : sequence of str, optional
        Without effect: positions are in the order that the linker has.
    span : int
        As there.
    """

    def __init__(
        self,
        initial_guess: npt.ArrayLike | None = None,
        pos_columns: Sequence[str] | None = None,
        span: int = 1,
    ) -> None:
        super().__init__(initial_guess, span=span)
        self.pos_columns = pos_columns


class ChannelPredict(_Linking, linking.ChannelPredict):
    """As `spotgpu.linking.ChannelPredict`.

    Parameters
    ----------
    bin_size : float
        As there.
    flow_axis : str
        As there.
    minsamples : int
        As there.
    initial_profile_guess : array_like, optional
        As there.
    pos_columns : sequence of str, optional
        Without effect: positions are in the order that the linker has.
    span : int
        As there.
    """

    def __init__(
        self,
        bin_size: float,
        flow_axis: str = "x",
        minsamples: int = 20,
        initial_profile_guess: npt.ArrayLike | None = None,
        pos_columns: Sequence[str] | None = None,
        span: int = 1,
    ) -> None:
        super().__init__(bin_size, flow_axis, minsamples, initial_profile_guess, span=span)
        self.pos_columns = pos_columns


null_predict = predictor(lambda _, particle: particle.pos)
