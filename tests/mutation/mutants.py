"""Mutants of a kernel file: fixed operators, at every site where they apply.

Left alone, because no behaviour hangs on them: comments, parameters and bounds of functions, names,
`#pragma`, `static_assert`; and the sizes of arrays are only made smaller. A mutant that is no
program is found by the compiler, and does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cuda_text import BLOCKS, Region, regions

__all__ = ["PLAIN_ATOMICS", "Mutant", "apply", "mutants"]

_COMPARISONS = {
    "<": (">", "<="),
    ">": ("<", ">="),
    "<=": ("<", ">="),
    ">=": (">", "<="),
    "==": ("!=",),
    "!=": ("==",),
}
_ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*", "%": "/", "&": "|", "|": "&", "^": "|"}
_ARITHMETIC |= {"<<": ">>", ">>": "<<"}
_ARITHMETIC |= {f"{sign}=": f"{other}=" for sign, other in _ARITHMETIC.items()}
_ARITHMETIC |= {"++": "--", "--": "++"}
#: What makes the size of an array smaller.
_SMALLER = {"+": "-", "*": "/"}
_CLAMPS = {"min", "max", "fmin", "fmax", "fminf", "fmaxf"}
_BARRIERS = {"__syncthreads", "__syncwarp", "__threadfence", "__threadfence_block"}

#: What an atomic operation stores, without being atomic.
_PLAIN = {
    "Add": "old + v",
    "Sub": "old - v",
    "Min": "v < old ? v : old",
    "Max": "v > old ? v : old",
    "And": "old & v",
    "Or": "old | v",
    "Xor": "old ^ v",
    "Exch": "v",
}
#: What the calls of a mutant call instead; put before the text, on its first line.
PLAIN_ATOMICS = "".join(
    f"template <class T, class V> __device__ T plain_atomic{name}(T* p, V v) "
    f"{{ const T old = *p; *p = (T)({value}); return old; }} "
    for name, value in _PLAIN.items()
) + (
    "template <class T, class C, class V> __device__ T plain_atomicCAS(T* p, C c, V v) "
    "{ const T old = *p; if (old == (T)c) *p = v; return old; } "
)


class Mutant(NamedTuple):
    """One change of a text."""

    operator: str
    line: int
    start: int
    end: int
    before: str
    after: str


def apply(text: str, mutant: Mutant) -> str:
    """Return the text with one change."""
    changed = text[: mutant.start] + mutant.after + text[mutant.end :]
    return PLAIN_ATOMICS + changed if mutant.operator == "atomic" else changed


def mutants(text: str) -> list[Mutant]:
    """Return every mutant of a kernel file, in the order of the text."""
    found = []
    for region in regions(text):
        found += _Site(region).mutants()
    unique = {(m.start, m.end, m.after): m for m in found if m.before != m.after}
    return sorted(unique.values(), key=lambda m: (m.start, m.end, m.operator, m.after))


class _Site:
    """The operators, applied to a part of the text."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.at = region.at

    def mutants(self) -> list[Mutant]:
        found: list[Mutant] = []
        for i, token in enumerate(self.region.tokens):
            if i in self.region.ignored:
                continue
            if token.kind == "number":
                found += self._constant(i)
            elif token.kind == "sign":
                found += self._sign(i)
            elif token.kind == "name":
                found += self._word(i)
        return found + self._returns()

    def _mutant(self, operator: str, first: int, last: int, after: str) -> Mutant:
        start, end = self.region.tokens[first].start, self.region.tokens[last].end
        line = self.region.text.count("\n", 0, start) + 1
        return Mutant(operator, line, start, end, self.region.text[start:end], after)

    def _constant(self, i: int) -> Iterator[Mutant]:
        number = self.at(i)
        if i not in self.region.extents:
            yield self._mutant("constant", i, i, f"({number} + 1)")
        yield self._mutant("constant", i, i, f"({number} - 1)")

    def _sign(self, i: int) -> Iterator[Mutant]:
        sign = self.at(i)
        if sign in {"&&", "||"}:
            yield from self._without_operand(i)
        elif sign in {"!", "~"}:
            yield self._mutant("negation", i, i, "")
        elif sign == "?":
            first, last = self._condition(i)
            yield self._mutant("guard", first, last, "true")
            yield self._mutant("guard", first, last, "false")
        elif sign in {"++", "--"} or sign in _COMPARISONS or self.region.is_binary(i):
            for other in _COMPARISONS.get(sign, ()):
                yield self._mutant("comparison", i, i, other)
            table = _SMALLER if i in self.region.extents else _ARITHMETIC
            if sign in table:
                yield self._mutant("arithmetic", i, i, table[sign])
            if sign in {"+", "-"} and i not in self.region.extents and self.region.in_subscript(i):
                yield from self._without_term(i)
        elif sign == "-" and self.at(i + 1) != ")":
            yield self._mutant("negation", i, i, "")

    def _condition(self, i: int) -> tuple[int, int]:
        first, last = self.region.operand(i, -1)
        # The operand of `a ? b : c ? d : e` at the second mark is c alone.
        for k in range(last, first, -1):
            if self.at(k) in {":", "?"} and self.region.same_brackets(k, i):
                return k + 1, last
        return first, last

    def _without_operand(self, i: int) -> Iterator[Mutant]:
        first, _ = self.region.operand(i, -1)
        _, last = self.region.operand(i, 1)
        yield self._mutant("operand", first, last, self.region.span(first, i - 1))
        yield self._mutant("operand", first, last, self.region.span(i + 1, last))

    def _without_term(self, i: int) -> Iterator[Mutant]:
        first, _ = self.region.operand(i, -1)
        _, last = self.region.operand(i, 1)
        yield self._mutant("index", i, last, "")
        chained = any(
            self.at(k) in {"+", "-"} and self.region.same_brackets(k, i)
            for k in range(first + 1, i)
        )
        if not chained:
            yield self._mutant("index", first, i, "")

    def _word(self, i: int) -> Iterator[Mutant]:
        word, follows = self.at(i), self.at(i + 1)
        if word == "if":
            head = i + 2 if follows == "constexpr" else i + 1
            for value in ("true", "false"):
                yield self._mutant("guard", head, self.region.partner[head], f"({value})")
        elif word == "while":
            yield self._mutant("guard", i + 1, self.region.partner[i + 1], "(false)")
        elif word == "for":
            yield from self._bound(i + 1)
        elif word in _BARRIERS and follows == "(":
            yield self._mutant("barrier", i, self.region.partner[i + 1], "(void)0")
        elif word.startswith("atomic") and follows == "(":
            yield self._mutant("atomic", i, i, f"plain_{word}")
        elif word in _CLAMPS and follows == "(":
            yield from self._one_argument(i)

    def _one_argument(self, i: int) -> Iterator[Mutant]:
        end, comma = self.region.partner[i + 1], i + 2
        while self.at(comma) != ",":
            comma = self.region.partner[comma] + 1 if comma in self.region.partner else comma + 1
        yield self._mutant("clamp", i, end, f"({self.region.span(i + 2, comma - 1)})")
        yield self._mutant("clamp", i, end, f"({self.region.span(comma + 1, end - 1)})")

    def _bound(self, head: int) -> Iterator[Mutant]:
        """Yield loops that end one step sooner or later."""
        inside = range(head + 1, self.region.partner[head])
        marks = [k for k in inside if self.at(k) == ";"]
        for k in range(marks[0], marks[-1]) if marks else ():
            if self.at(k) in _COMPARISONS and k not in self.region.ignored:
                first, last = self.region.operand(k, 1)
                if first == last and self.region.tokens[first].kind == "number":
                    continue  # a constant
                for step in ("+ 1", "- 1"):
                    yield self._mutant(
                        "bound", first, last, f"({self.region.span(first, last)} {step})"
                    )

    def _returns(self) -> list[Mutant]:
        if self.region.returns not in {"", "void"} or self.at(0) != "{":
            return []
        value = "return; " if self.region.returns else "return 0; "
        places = [
            i
            for i in range(1, len(self.region.tokens))
            if self.at(i) in BLOCKS and self.at(i - 1) in {";", "{", "}"}
        ]
        first = next((i + 1 for i in range(1, len(self.region.tokens)) if self.at(i) == ";"), 0)
        if first and self.at(first) not in {"}", "return"} and first < len(self.region.tokens):
            places.append(first)
        found = []
        for i in sorted(set(places)):
            start = self.region.tokens[i].start
            line = self.region.text.count("\n", 0, start) + 1
            found.append(Mutant("return", line, start, start, "", value))
        return found
