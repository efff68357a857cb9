"""The mutants of a few lines, written down by hand."""

from __future__ import annotations

import pytest
from mutants import PLAIN_ATOMICS, apply, mutants


def changed(body: str) -> set[str]:
    """Return the mutants of the body of a kernel, early returns apart."""
    head, tail = 'extern "C" __global__ void f(const int* __restrict__ a, int n) {', "}"
    text = head + body + tail
    found = [m for m in mutants(text) if m.operator != "return"]
    return {apply(text, m)[len(head) : -len(tail)] for m in found}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x = a < b;", {"x = a > b;", "x = a <= b;"}),
        ("x = a >= b;", {"x = a <= b;", "x = a > b;"}),
        ("x = a == b;", {"x = a != b;"}),
        ("x = 7u;", {"x = (7u + 1);", "x = (7u - 1);"}),
        ("x = 0xffu;", {"x = (0xffu + 1);", "x = (0xffu - 1);"}),
        ("x = 1.5e3;", {"x = (1.5e3 + 1);", "x = (1.5e3 - 1);"}),
        ("x = a + b * c;", {"x = a - b * c;", "x = a + b + c;"}),
        ("x = a / b % c;", {"x = a * b % c;", "x = a / b / c;"}),
        ("x -= a << b;", {"x += a << b;", "x -= a >> b;"}),
        ("x = (int64)a * b;", {"x = (int64)a + b;"}),
        ("x = -a;", {"x = a;"}),
        ("x = !a;", {"x = a;"}),
        ("++x;", {"--x;"}),
    ],
)
def test_operators(body: str, expected: set[str]) -> None:
    assert changed(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x = p[a + b];", {"x = p[a - b];", "x = p[b];", "x = p[a];"}),
        (
            "x = p[a * w + b - c];",
            {
                *("x = p[a + w + b - c];", "x = p[a * w - b - c];", "x = p[a * w + b + c];"),
                *("x = p[b - c];", "x = p[a * w - c];", "x = p[a * w + b];"),
            },
        ),
        ("x = p[f(a + b)];", {"x = p[f(a - b)];"}),
    ],
)
def test_terms_of_an_index(body: str, expected: set[str]) -> None:
    assert {
        " ".join(text.replace("[ ", "[").replace(" ]", "]").split()) for text in changed(body)
    } == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if (a) f();", {"if (true) f();", "if (false) f();"}),
        ("while (a) f();", {"while (false) f();"}),
        ("x = a ? b : c;", {"x = true ? b : c;", "x = false ? b : c;"}),
        (
            "x = a ? b : c ? d : e;",
            {
                *("x = true ? b : c ? d : e;", "x = false ? b : c ? d : e;"),
                *("x = a ? b : true ? d : e;", "x = a ? b : false ? d : e;"),
            },
        ),
        ("x = a && b;", {"x = a;", "x = b;"}),
        ("x = a && (b || c);", {"x = a;", "x = (b || c);", "x = a && (b);", "x = a && (c);"}),
        ("x = min(a, f(b, c));", {"x = (a);", "x = (f(b, c));"}),
        ("__syncthreads();", {"(void)0;"}),
        ("__syncwarp(mask);", {"(void)0;"}),
        (
            "for (int i = b; i < n; ++i) f();",
            {
                *("for (int i = b; i > n; ++i) f();", "for (int i = b; i <= n; ++i) f();"),
                *("for (int i = b; i < (n + 1); ++i) f();", "for (int i = b; i < n; --i) f();"),
                "for (int i = b; i < (n - 1); ++i) f();",
            },
        ),
    ],
)
def test_guards_and_bounds(body: str, expected: set[str]) -> None:
    assert changed(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "const PIXEL* row = f(&x, *p);",
        "uint8* q = (uint8*)p;",
        "x = static_cast<int>(y);",
        "static_assert(sizeof(T) == 4);",
        "// 1 + 1",
    ],
)
def test_what_is_left_alone(body: str) -> None:
    assert changed(body + "\n") == set()


def test_arrays_only_shrink() -> None:
    assert changed("__shared__ int tile[2 * R + 1][W - c];") == {
        "__shared__ int tile[(2 - 1) * R + 1][W - c];",
        "__shared__ int tile[2 / R + 1][W - c];",
        "__shared__ int tile[2 * R - 1][W - c];",
        "__shared__ int tile[2 * R + (1 - 1)][W - c];",
    }


def test_initial_values_are_no_extents() -> None:
    assert "int a[N] = {p[(2 + 1)]};" in changed("int a[N] = {p[2]};")


def test_early_returns() -> None:
    text = "__device__ void f(int n) {int x = n; if (x) { g(); } for (;;) h();}"
    found = [apply(text, m) for m in mutants(text) if m.operator == "return"]
    assert found == [
        "__device__ void f(int n) {int x = n; return; if (x) { g(); } for (;;) h();}",
        "__device__ void f(int n) {int x = n; if (x) { g(); } return; for (;;) h();}",
    ]
    text = "__device__ int f(int n) {int x = n; return x;}"
    assert [apply(text, m) for m in mutants(text)] == []


def test_atomics() -> None:
    text = "__global__ void f(int* p) {k = atomicMax(p, v);}"
    assert [apply(text, m) for m in mutants(text)] == [
        PLAIN_ATOMICS + "__global__ void f(int* p) {k = plain_atomicMax(p, v);}"
    ]
    assert "T plain_atomicMax(T* p, V v) { const T old = *p; *p = (T)(v > old ? v : old);" in (
        PLAIN_ATOMICS
    )


def test_outside_functions() -> None:
    text = (
        "#define N 4  // 2\n#define SQUARE(x) ((x) * (x))\n#pragma unroll 2\n#if AXES == 3\n"
        "#endif\nconstexpr int W = N - R;\n__constant__ int table[3];\n"
        "__launch_bounds__(32 * 2) int f(int* __restrict__ p, int n);\n"
    )
    found = {(m.line, m.before, m.after) for m in mutants(text)}
    assert found == {
        *((1, "4", "(4 + 1)"), (1, "4", "(4 - 1)"), (2, "*", "+"), (4, "==", "!=")),
        *((4, "3", "(3 + 1)"), (4, "3", "(3 - 1)"), (6, "-", "+")),
    }
