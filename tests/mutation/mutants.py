"""Mutants of a kernel file: fixed operators, at every site where they apply.

Knows as much of CUDA C++ as the kernels use: tokens, brackets, statements, the precedence of binary
operators. A mutant that is no program is found by the compiler, and does not count.

Left alone, because no behaviour hangs on them: comments, parameters and bounds of functions, names,
`#pragma`, `static_assert`; and the sizes of arrays are only made smaller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["PLAIN_ATOMICS", "Mutant", "apply", "mutants"]

_TOKEN = re.compile(
    r"""(?P<skip>//[^\n]*|/\*.*?\*/|\\\n|[ \t\r]+)
      |(?P<line>\n)
      |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      |(?P<number>0[xX][0-9a-fA-F]+[uUlL]*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFuUlL]*)
      |(?P<name>[A-Za-z_]\w*)
      |(?P<sign><<=|>>=|->|\+\+|--|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|<<|>>|::|[-+*/%<>=!&|^~?:;,.(){}\[\]\#])
    """,
    re.DOTALL | re.VERBOSE,
)

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
#: Binary operators, from those that bind least.
_LEVELS = (
    ("{", "}", ";", "(", ")", "[", "]", "return", "else"),
    (",",),
    ("=", *(sign for sign in _ARITHMETIC if sign[-1] == "=")),
    *(("?", ":"), ("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", ">", "<=", ">=")),
    *(("<<", ">>"), ("+", "-"), ("*", "/", "%")),
)
_PRECEDENCE = {sign: level for level, signs in enumerate(_LEVELS) for sign in signs}
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_QUALIFIERS = {"const", "constexpr", "static", "extern", "volatile", "__shared__", "__constant__"}
_TYPES = {"int", "unsigned", "long", "short", "char", "bool", "float", "double", "void", "auto"}
_TYPES |= {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)}
_TYPES |= {"float32", "float64", "size_t"}
_DECLARED = re.compile(
    r"(?:typename|class|struct|using)\s+(\w+)"
    r"|\b(\w+)\s*\*\s*__restrict__"
    r"|\bconst\s+(\w+)\s*[*&]*\s*\w+\s*[=\[(;,]"
)
_TEMPLATE = re.compile(r"template\s*<[^{};]*?>\s*(?:struct\s+(\w+)|[^{};()]*?(\w+)\s*\()")
_CASTS = {"static_cast", "reinterpret_cast", "const_cast"}
_BLOCKS = {"for", "if", "while", "do", "{"}
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


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def apply(text: str, mutant: Mutant) -> str:
    """Return the text with one change."""
    changed = text[: mutant.start] + mutant.after + text[mutant.end :]
    return PLAIN_ATOMICS + changed if mutant.operator == "atomic" else changed


def mutants(text: str) -> list[Mutant]:
    """Return every mutant of a kernel file, in the order of the text."""
    found = []
    for tokens in _regions(text):
        found += _Region(text, tokens).mutants()
    unique = {(m.start, m.end, m.after): m for m in found if m.before != m.after}
    return sorted(unique.values(), key=lambda m: (m.start, m.end, m.operator, m.after))


# --------------------------------------------------------------------------- where to look


def _lines(text: str) -> Iterator[list[_Token]]:
    """Yield the tokens of each line; a line that is continued is one."""
    line: list[_Token] = []
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "line":
            yield line
            line = []
        elif match.lastgroup != "skip":
            line.append(_Token(str(match.lastgroup), match[0], match.start(), match.end()))
    yield line


def _regions(text: str) -> Iterator[list[_Token]]:
    """Yield the tokens of each body of a function, initial value, macro and `#if`."""
    code = []
    for line in _lines(text):
        if line and line[0].text == "#":
            yield from _directive(line)
        else:
            code += line
    depth, region, within = 0, [], ""
    for i, token in enumerate(code):
        closes = token.text in ")]}"
        depth -= closes
        if within:
            region.append(token)
            if depth == 0 and token.text == within:
                yield region
                region, within = [], ""
        elif depth == 0 and token.text == "=":
            within = ";"
        elif depth == 0 and token.text == "{" and code[i - 1].text != "=":
            region, within = [*_returning(code, i), token], "}"
        depth += token.text in "([{"


def _directive(line: list[_Token]) -> Iterator[list[_Token]]:
    word = line[1].text if len(line) > 1 else ""
    if word in {"if", "elif"}:
        yield line[2:]
    elif word == "define":
        body = line[3:]
        if body and body[0].text == "(" and body[0].start == line[2].end:
            closing = next(i for i, token in enumerate(body) if token.text == ")")
            body = body[closing + 1 :]
        yield body


def _returning(code: list[_Token], brace: int) -> list[_Token]:
    """Return the word before the body at `brace` that says what is returned from there."""
    start = brace
    while start and code[start - 1].text not in {";", "}"}:
        start -= 1
    words = {"void", "struct", "class", "enum", "namespace"}
    return [t for t in code[start:brace] if t.text in words][-1:]


# --------------------------------------------------------------------------- what to change


class _Region:
    """Tokens that belong together, with the brackets matched."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self.text = text
        named = bool(tokens) and tokens[0].kind == "name" and tokens[1:2] and tokens[1].text == "{"
        self.returns = tokens[0].text if named else ""
        self.tokens = tokens[1:] if named else tokens
        self.types = _TYPES | {name for names in _DECLARED.findall(text) for name in names if name}
        self.templates = {n for names in _TEMPLATE.findall(text) for n in names if n}
        self.partner = self._matched()
        self.extents = set(self._extents())
        self.ignored = set(self._ignored())

    def mutants(self) -> list[Mutant]:
        found: list[Mutant] = []
        for i, token in enumerate(self.tokens):
            if i in self.ignored:
                continue
            if token.kind == "number":
                found += self._constant(i)
            elif token.kind == "sign":
                found += self._sign(i)
            elif token.kind == "name":
                found += self._word(i)
        return found + self._returns()

    # ------------------------------------------------------------------ structure

    def _matched(self) -> dict[int, int]:
        partner, waiting = {}, []
        for i, token in enumerate(self.tokens):
            if token.text in _PAIRS:
                waiting.append(i)
            elif token.text in _PAIRS.values() and waiting:
                partner[i] = waiting.pop()
                partner[partner[i]] = i
        return partner

    def _starts(self) -> Iterator[int]:
        """Yield where statements start, those in the head of a `for` among them."""
        for i in range(len(self.tokens)):
            before = self._at(i - 1)
            opens = before == "(" and self._at(i - 2) == "for"
            after_head = before == ")" and self._at(self.partner.get(i - 1, 0) - 1) in _BLOCKS
            if before in {"", ";", "{", "}", "else"} or opens or after_head:
                yield i

    def _declarations(self) -> Iterator[range]:
        for i in self._starts():
            first = self._at(i)
            if first in _QUALIFIERS or (first in self.types and self._at(i + 1) != "("):
                end = i
                while end < len(self.tokens) and self._at(end) not in {";", ")"}:
                    end = self.partner[end] + 1 if self._at(end) in _PAIRS else end + 1
                yield range(i, end)

    def _extents(self) -> Iterator[int]:
        """Yield the tokens inside the brackets of arrays that are declared."""
        for declaration in self._declarations():
            i, value = declaration.start, False
            while i < declaration.stop:
                sign = self._at(i)
                value = sign == "=" or (value and sign != ",")
                if sign == "[" and not value:
                    yield from range(i, self.partner[i])
                i = self.partner[i] + 1 if sign in _PAIRS else i + 1

    def _ignored(self) -> Iterator[int]:
        for i, token in enumerate(self.tokens):
            if token.text == "static_assert":
                yield from range(i, self.partner[i + 1] + 1)
            elif token.text in _CASTS | self.templates and self._at(i + 1) == "<":
                opening, closing = i + 1, i + 2
                while self._at(closing) != ">":
                    closing = self.partner[closing] + 1 if closing in self.partner else closing + 1
                yield from (
                    (opening, closing) if token.text in self.templates else range(i, closing + 1)
                )

    def _at(self, i: int) -> str:
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def _is_binary(self, i: int) -> bool:
        before, after = self.tokens[i - 1] if i else None, self._at(i + 1)
        if before is None or after in {"", ")", ",", ";", "*", ">"}:
            return False
        if before.kind == "name":
            return before.text not in self.types | {"return", "else", "case"}
        if before.text == ")":  # not a cast
            inside = self.tokens[self.partner.get(i - 1, i - 1) + 1 : i - 1]
            return not all(t.text in self.types | {"const", "*"} for t in inside) or not inside
        return before.kind == "number" or before.text == "]"

    def _operand(self, i: int, step: int) -> tuple[int, int]:
        """Return the first and last token of what is left (-1) or right (1) of an operator."""
        level = _PRECEDENCE[self._at(i)]
        k = i + step
        while 0 <= k + step < len(self.tokens):
            if k in self.partner and (self._at(k) in _PAIRS) == (step > 0):
                k = self.partner[k]
                if not 0 <= k + step < len(self.tokens):
                    break
            sign = self._at(k + step)
            ends = sign in ({")", "]", "}"} if step > 0 else _PAIRS)
            following = _PRECEDENCE.get(sign, 99)
            if sign in {"+", "-", "*", "&"} and not self._is_binary(k + step):
                following = 99
            opens = k + step in self.partner and not ends
            if not opens and (following < level or (step > 0 and following == level)):
                break
            if opens and sign in "{}":
                break
            k += step
        return (i + 1, k) if step > 0 else (k, i - 1)

    def _span(self, first: int, last: int) -> str:
        return self.text[self.tokens[first].start : self.tokens[last].end]

    def _mutant(self, operator: str, first: int, last: int, after: str) -> Mutant:
        start, end = self.tokens[first].start, self.tokens[last].end
        line = self.text.count("\n", 0, start) + 1
        return Mutant(operator, line, start, end, self.text[start:end], after)

    # ------------------------------------------------------------------ operators

    def _constant(self, i: int) -> Iterator[Mutant]:
        number = self._at(i)
        if i not in self.extents:
            yield self._mutant("constant", i, i, f"({number} + 1)")
        yield self._mutant("constant", i, i, f"({number} - 1)")

    def _sign(self, i: int) -> Iterator[Mutant]:
        sign = self._at(i)
        if sign in {"&&", "||"}:
            yield from self._without_operand(i)
        elif sign in {"!", "~"}:
            yield self._mutant("negation", i, i, "")
        elif sign == "?":
            first, last = self._condition(i)
            yield self._mutant("guard", first, last, "true")
            yield self._mutant("guard", first, last, "false")
        elif sign in {"++", "--"} or sign in _COMPARISONS or self._is_binary(i):
            for other in _COMPARISONS.get(sign, ()):
                yield self._mutant("comparison", i, i, other)
            table = _SMALLER if i in self.extents else _ARITHMETIC
            if sign in table:
                yield self._mutant("arithmetic", i, i, table[sign])
            if sign in {"+", "-"} and i not in self.extents and self._in_subscript(i):
                yield from self._without_term(i)
        elif sign == "-" and self._at(i + 1) != ")":
            yield self._mutant("negation", i, i, "")

    def _condition(self, i: int) -> tuple[int, int]:
        first, last = self._operand(i, -1)
        # The operand of `a ? b : c ? d : e` at the second mark is c alone.
        for k in range(last, first, -1):
            if self._at(k) in {":", "?"} and self._level(k, i):
                return k + 1, last
        return first, last

    def _level(self, a: int, b: int) -> bool:
        """Are two tokens within the same brackets?"""
        return all(not (a < o < b <= c or o < a < c < b) for o, c in self.partner.items() if o < c)

    def _without_operand(self, i: int) -> Iterator[Mutant]:
        first, _ = self._operand(i, -1)
        _, last = self._operand(i, 1)
        yield self._mutant("operand", first, last, self._span(first, i - 1))
        yield self._mutant("operand", first, last, self._span(i + 1, last))

    def _in_subscript(self, i: int) -> bool:
        around = [(o, c) for o, c in self.partner.items() if o < i < c]
        for opening, _ in sorted(around, reverse=True):
            sign, before = self._at(opening), self._at(opening - 1)
            if sign == "[":
                return True
            if sign == "{" or (before and re.match(r"\w", before)):  # the argument of a call
                return False
        return False

    def _without_term(self, i: int) -> Iterator[Mutant]:
        first, _ = self._operand(i, -1)
        _, last = self._operand(i, 1)
        yield self._mutant("index", i, last, "")
        chained = any(self._at(k) in {"+", "-"} and self._level(k, i) for k in range(first + 1, i))
        if not chained:
            yield self._mutant("index", first, i, "")

    def _word(self, i: int) -> Iterator[Mutant]:
        word, follows = self._at(i), self._at(i + 1)
        if word == "if":
            head = i + 2 if follows == "constexpr" else i + 1
            for value in ("true", "false"):
                yield self._mutant("guard", head, self.partner[head], f"({value})")
        elif word == "while":
            yield self._mutant("guard", i + 1, self.partner[i + 1], "(false)")
        elif word == "for":
            yield from self._bound(i + 1)
        elif word in _BARRIERS and follows == "(":
            yield self._mutant("barrier", i, self.partner[i + 1], "(void)0")
        elif word.startswith("atomic") and follows == "(":
            yield self._mutant("atomic", i, i, f"plain_{word}")
        elif word in _CLAMPS and follows == "(":
            yield from self._one_argument(i)

    def _one_argument(self, i: int) -> Iterator[Mutant]:
        end, comma = self.partner[i + 1], i + 2
        while self._at(comma) != ",":
            comma = self.partner[comma] + 1 if comma in self.partner else comma + 1
        yield self._mutant("clamp", i, end, f"({self._span(i + 2, comma - 1)})")
        yield self._mutant("clamp", i, end, f"({self._span(comma + 1, end - 1)})")

    def _bound(self, head: int) -> Iterator[Mutant]:
        """Yield loops that end one step sooner or later."""
        inside = range(head + 1, self.partner[head])
        marks = [k for k in inside if self._at(k) == ";"]
        for k in range(marks[0], marks[-1]):
            if self._at(k) in _COMPARISONS and k not in self.ignored:
                first, last = self._operand(k, 1)
                if first == last and self.tokens[first].kind == "number":
                    continue  # a constant
                for step in ("+ 1", "- 1"):
                    yield self._mutant("bound", first, last, f"({self._span(first, last)} {step})")

    def _returns(self) -> list[Mutant]:
        if self.returns not in {"", "void"} or self._at(0) != "{":
            return []
        value = "return; " if self.returns else "return 0; "
        places = [
            i
            for i in range(1, len(self.tokens))
            if self._at(i) in _BLOCKS and self._at(i - 1) in {";", "{", "}"}
        ]
        first = next((i + 1 for i in range(1, len(self.tokens)) if self._at(i) == ";"), 0)
        if first and self._at(first) not in {"}", "return"} and first < len(self.tokens):
            places.append(first)
        found = []
        for i in sorted(set(places)):
            start = self.tokens[i].start
            line = self.text.count("\n", 0, start) + 1
            found.append(Mutant("return", line, start, start, "", value))
        return found
