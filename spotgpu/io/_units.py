"""Lengths in micrometres and times in seconds, from the many ways in which files write them."""

from __future__ import annotations

import math

__all__ = ["micrometres", "seconds"]

#: Micrometres in a unit, by its name in lower case. Pixels and unknown units are not in here.
LENGTHS = {
    "m": 1e6,
    "meter": 1e6,
    "metre": 1e6,
    "cm": 1e4,
    "centimeter": 1e4,
    "mm": 1e3,
    "millimeter": 1e3,
    "millimetre": 1e3,
    "µm": 1.0,
    "um": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "nanometre": 1e-3,
    "å": 1e-4,
    "angstrom": 1e-4,
    "pm": 1e-6,
    "picometer": 1e-6,
    "inch": 25400.0,
    "in": 25400.0,
}
#: Seconds in a unit.
TIMES = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "msec": 1e-3,
    "millisecond": 1e-3,
    "µs": 1e-6,
    "us": 1e-6,
    "usec": 1e-6,
    "microsecond": 1e-6,
    "ns": 1e-9,
    "nanosecond": 1e-9,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hr": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
}


def _converted(value: object, unit: object, table: dict[str, float]) -> float | None:
    # ImageJ writes the Greek letter, the sign "micro", or the sign's number as text.
    name = str(unit).strip().lower().replace("\\u00b5", "µ").replace("μ", "µ")
    try:
        number = float(value) * table[name]  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def micrometres(value: object, unit: object) -> float | None:
    """Return a length in micrometres.

    Parameters
    ----------
    value : object
        Number, or text that says one.
    unit : object
        Name of the unit.

    Returns
    -------
    float or None
        None if the unit is no length (pixels) or the number is not positive and finite.
    """
    return _converted(value, unit, LENGTHS)


def seconds(value: object, unit: object) -> float | None:
    """Return a time in seconds.

    Parameters
    ----------
    value : object
        Number, or text that says one.
    unit : object
        Name of the unit.

    Returns
    -------
    float or None
        None if the unit is no time or the number is not positive and finite.
    """
    return _converted(value, unit, TIMES)
