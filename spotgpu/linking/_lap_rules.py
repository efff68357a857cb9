"""The rules of the LAP tracker on which programs differ, and the sets of them that have names."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spotgpu.backends.pairs import Floats
from spotgpu.checks import choice, number

__all__ = ["PRESETS", "LapRules", "lap_rules"]


class LapRules(NamedTuple):
    """How the LAP tracker counts.

    Attributes
    ----------
    alternative_cost_factor : float
        A spot without a link costs so many times a cost of the links that are possible: in the
        frame-to-frame step, the largest; in the segment step, the one at `cutoff_percentile`.
    cutoff_percentile : float
        Share of the costs of the segment step, 0 to 1.
    percentile_rank : {'nearest', 'lower'}
        Which cost that is, where the share falls between two.
    auxiliary_cost : {'alternative', 'minimum'}
        What fills the lower right block of the frame-to-frame step: the cost of no link, or the
        least of all costs.
    gate : {'cost', 'distance'}
        Whether the penalised cost must be below the squared distance, or the distance alone.
    singletons : bool
        Whether spots without a link in the frame-to-frame step take part in the segment step.
    branch_points : {'interior', 'all'}
        The spots at which tracks split and merge: those inside of a segment, or any.
    """

    alternative_cost_factor: float = 1.05
    cutoff_percentile: float = 0.9
    percentile_rank: str = "nearest"
    auxiliary_cost: str = "alternative"
    gate: str = "cost"
    singletons: bool = True
    branch_points: str = "interior"

    def segment_cost(self, costs: Floats) -> float:
        """Return the cost of no link in the segment step.

        Parameters
        ----------
        costs : ndarray of float64, shape (pairs,)
            Of all links that are possible; one at least.

        Returns
        -------
        float
            The cost at `cutoff_percentile`, times `alternative_cost_factor`.
        """
        place = (len(costs) - 1) * self.cutoff_percentile
        rank = int(np.floor(place + 0.5 if self.percentile_rank == "nearest" else place))
        return self.alternative_cost_factor * float(np.partition(costs, rank)[rank])


#: What `preset` stands for; options given beside it prevail.
PRESETS: dict[str | None, LapRules] = {
    None: LapRules(),
    "trackmate": LapRules(singletons=False),
    "laptrack": LapRules(percentile_rank="lower", auxiliary_cost="minimum", branch_points="all"),
}
_CHOICES = {
    "percentile_rank": ("nearest", "lower"),
    "auxiliary_cost": ("alternative", "minimum"),
    "gate": ("cost", "distance"),
    "branch_points": ("interior", "all"),
}


def lap_rules(preset: str | None, **options: Any) -> LapRules:
    """Return the rules of a preset, with the options that are given.

    Parameters
    ----------
    preset : {None, 'trackmate', 'laptrack'}
        Where to begin.
    **options
        Attributes of `LapRules`; None for those that are not given.

    Returns
    -------
    LapRules
        Checked.

    Raises
    ------
    TypeError, ValueError
        If something is of the wrong type or out of range.
    """
    rules = PRESETS[choice("preset", preset, PRESETS)]
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        if name in _CHOICES:
            choice(name, value, _CHOICES[name])
    if not isinstance(given.get("singletons", True), bool):
        raise TypeError(f"`singletons` must be True or False, got {given['singletons']!r}")
    rules = rules._replace(**given)
    return rules._replace(
        alternative_cost_factor=number(
            "alternative_cost_factor", rules.alternative_cost_factor, above=0
        ),
        cutoff_percentile=number(
            "cutoff_percentile", rules.cutoff_percentile, at_least=0, at_most=1
        ),
    )
