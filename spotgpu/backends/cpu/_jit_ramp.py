"""The loop over the planes of windows in colours, compiled by numba."""

from __future__ import annotations

from spotgpu.backends.cpu._jit import compiled_loop

__all__ = ["weigh"]


@compiled_loop
def _largest(planes, k, weights, most):  # type: ignore[no-untyped-def]
    """Take four planes, times their weights, into the maxima."""
    a, b, c, d = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
    one, two, three, four = planes[k], planes[k + 1], planes[k + 2], planes[k + 3]
    for x in range(len(most)):
        u, v = one[x] * a, two[x] * b
        u = max(u, v)
        v = three[x] * c
        u = max(u, v)
        v = four[x] * d
        u = max(u, v)
        v = most[x]
        most[x] = max(u, v)


@compiled_loop
def weigh(planes, ramp, most, results):  # type: ignore[no-untyped-def]
    """Write the maxima of the planes of a window, times weights of channels, planes."""
    size = len(planes)
    for channel in range(len(ramp)):
        weights = ramp[channel]
        for x in range(len(most)):
            most[x] = planes[0, x] * weights[0]
        k = 1
        while k + 4 <= size:
            _largest(planes, k, weights, most)
            k += 4
        for j in range(k, size):
            for x in range(len(most)):
                value = planes[j, x] * weights[j]
                most[x] = max(most[x], value)
        for x in range(len(most)):
            results[x, channel] = most[x]
