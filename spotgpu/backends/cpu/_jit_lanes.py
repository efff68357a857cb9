"""What numba has no words for: sums in vector registers, and asking for memory ahead of its use."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["LANES", "prefetch", "sum_in_lanes"]

#: Pixels side by side that are added at once.
LANES = 8

INT32, INT64 = ir.IntType(32), ir.IntType(64)


@intrinsic
def prefetch(typing_context, pixels, place):  # type: ignore[no-untyped-def]
    """Ask for the line of the cache that ``pixels[place]`` is in, which may be anywhere."""
    del typing_context

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, given[0])
        byte = ir.IntType(8).as_pointer()
        line = builder.bitcast(builder.gep(array.data, [given[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, INT32, INT32, INT32])
        ask = builder.module.declare_intrinsic("llvm.prefetch", (byte,), kind)
        # To be read, into the second level, as data.
        builder.call(ask, [line, *(ir.Constant(INT32, k) for k in (0, 2, 1))])
        return context.get_dummy_value()

    return types.void(pixels, place), generate


@intrinsic
def sum_in_lanes(typing_context, pixels, place, begin, masks):  # type: ignore[no-untyped-def]
    """Return the sum of pixels in pieces of LANES that begin at some places, where a mask is -1.

    Equivalent to::

        total = 0
        for k in range(len(begin)):
            for j in range(LANES):
                total += pixels[place + begin[k] + j] & masks[k, j]

    `pixels` and `masks` are of the same type of 1 or 2 bytes, and C-contiguous; nothing is checked.
    Lanes and their total have 32 bits.
    """
    del typing_context
    return types.int64(pixels, place, begin, masks), _generator(pixels.dtype)


def _generator(pixel: Any) -> Any:
    """Return what writes the loop in LLVM's language."""
    narrow = ir.VectorType(ir.IntType(pixel.bitwidth), LANES)
    wide = ir.VectorType(INT32, LANES)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        pixels, begin, masks = (
            context.make_array(signature.args[k])(context, builder, given[k]) for k in (0, 2, 3)
        )
        widen = builder.sext if pixel.signed else builder.zext
        sums: Any = cgutils.alloca_once_value(builder, ir.Constant(wide, [0] * LANES))  # type: ignore[no-untyped-call]

        def vector(data: Any, place: Any) -> Any:
            at = builder.bitcast(builder.gep(data, [place]), narrow.as_pointer())
            return builder.load(at, align=1)

        with cgutils.for_range(builder, builder.extract_value(begin.shape, 0)) as loop:
            first = builder.add(given[1], builder.load(builder.gep(begin.data, [loop.index])))
            row = builder.mul(loop.index, ir.Constant(INT64, LANES))
            kept = builder.and_(vector(pixels.data, first), vector(masks.data, row))
            builder.store(builder.add(builder.load(sums), widen(kept, wide)), sums)
        reduce: Any = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, ir.FunctionType(INT32, [wide]), f"llvm.vector.reduce.add.v{LANES}i32"
        )
        added = builder.call(reduce, [builder.load(sums)])
        return widen(added, INT64)

    return generate
