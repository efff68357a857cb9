"""The text of a kernel file, taken apart: tokens, brackets, statements, operands.

Knows as much of CUDA C++ as the kernels use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["BLOCKS", "Region", "Token", "regions"]

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

#: Binary operators, from those that bind least.
_LEVELS = (
    ("{", "}", ";", "(", ")", "[", "]", "return", "else"),
    (",",),
    ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="),
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
#: What a statement with a block of its own begins with.
BLOCKS = {"for", "if", "while", "do", "{"}


class Token(NamedTuple):
    """A word of the text, and where it is."""

    kind: str
    text: str
    start: int
    end: int


def _lines(text: str) -> Iterator[list[Token]]:
    """Yield the tokens of each line; a line that is continued is one."""
    line: list[Token] = []
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "line":
            yield line
            line = []
        elif match.lastgroup != "skip":
            line.append(Token(str(match.lastgroup), match[0], match.start(), match.end()))
    yield line


def regions(text: str) -> Iterator[Region]:
    """Yield each body of a function, initial value, macro and `#if`."""
    code = []
    for line in _lines(text):
        if line and line[0].text == "#":
            yield Region(text, _directive(line))
        else:
            code += line
    depth, region, within = 0, [], ""
    for i, token in enumerate(code):
        closes = token.text in ")]}"
        depth -= closes
        if within:
            region.append(token)
            if depth == 0 and token.text == within:
                yield Region(text, region)
                region, within = [], ""
        elif depth == 0 and token.text == "=":
            within = ";"
        elif depth == 0 and token.text == "{" and code[i - 1].text != "=":
            region, within = [*_returning(code, i), token], "}"
        depth += token.text in "([{"


def _directive(line: list[Token]) -> list[Token]:
    """Return what follows `#if` or the name of a macro."""
    word = line[1].text if len(line) > 1 else ""
    if word in {"if", "elif"}:
        return line[2:]
    if word == "define":
        body = line[3:]
        if body and body[0].text == "(" and body[0].start == line[2].end:
            closing = next(i for i, token in enumerate(body) if token.text == ")")
            body = body[closing + 1 :]
        return body
    return []


def _returning(code: list[Token], brace: int) -> list[Token]:
    """Return the word before the body at `brace` that says what is returned from there."""
    start = brace
    while start and code[start - 1].text not in {";", "}"}:
        start -= 1
    words = {"void", "struct", "class", "enum", "namespace"}
    return [t for t in code[start:brace] if t.text in words][-1:]


class Region:
    """Tokens that belong together, with the brackets matched.

    `returns` is "" for the body of a function that returns something, else "void" or what it is
    the body of. `extents` are the tokens in the brackets of arrays that are declared, `ignored`
    those on which no behaviour hangs.
    """

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        named = bool(tokens) and tokens[0].kind == "name" and tokens[1:2] and tokens[1].text == "{"
        self.returns = tokens[0].text if named else ""
        self.tokens = tokens[1:] if named else tokens
        self.types = _TYPES | {name for names in _DECLARED.findall(text) for name in names if name}
        self.templates = {n for names in _TEMPLATE.findall(text) for n in names if n}
        self.partner = self._matched()
        self.extents = set(self._extents())
        self.ignored = set(self._ignored())

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
            before = self.at(i - 1)
            opens = before == "(" and self.at(i - 2) == "for"
            after_head = before == ")" and self.at(self.partner.get(i - 1, 0) - 1) in BLOCKS
            if before in {"", ";", "{", "}", "else"} or opens or after_head:
                yield i

    def _declarations(self) -> Iterator[range]:
        for i in self._starts():
            first = self.at(i)
            if first in _QUALIFIERS or (first in self.types and self.at(i + 1) != "("):
                end = i
                while end < len(self.tokens) and self.at(end) not in {";", ")"}:
                    end = self.partner[end] + 1 if self.at(end) in _PAIRS else end + 1
                yield range(i, end)

    def _extents(self) -> Iterator[int]:
        """Yield the tokens inside the brackets of arrays that are declared."""
        for declaration in self._declarations():
            i, value = declaration.start, False
            while i < declaration.stop:
                sign = self.at(i)
                value = sign == "=" or (value and sign != ",")
                if sign == "[" and not value:
                    yield from range(i, self.partner[i])
                i = self.partner[i] + 1 if sign in _PAIRS else i + 1

    def _ignored(self) -> Iterator[int]:
        for i, token in enumerate(self.tokens):
            if token.text == "static_assert":
                yield from range(i, self.partner[i + 1] + 1)
            elif token.text in _CASTS | self.templates and self.at(i + 1) == "<":
                opening, closing = i + 1, i + 2
                while self.at(closing) != ">":
                    closing = self.partner[closing] + 1 if closing in self.partner else closing + 1
                yield from (
                    (opening, closing) if token.text in self.templates else range(i, closing + 1)
                )

    def at(self, i: int) -> str:
        """Return the text of a token; nothing beyond the ends."""
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def is_binary(self, i: int) -> bool:
        """Is this sign between two operands?"""
        before, after = self.tokens[i - 1] if i else None, self.at(i + 1)
        if before is None or after in {"", ")", ",", ";", "*", ">"}:
            return False
        if before.kind == "name":
            return before.text not in self.types | {"return", "else", "case"}
        if before.text == ")":  # not a cast
            inside = self.tokens[self.partner.get(i - 1, i - 1) + 1 : i - 1]
            return not all(t.text in self.types | {"const", "*"} for t in inside) or not inside
        return before.kind == "number" or before.text == "]"

    def operand(self, i: int, step: int) -> tuple[int, int]:
        """Return the first and last token of what is left (-1) or right (1) of an operator."""
        level = _PRECEDENCE[self.at(i)]
        k = i + step
        while 0 <= k + step < len(self.tokens):
            if k in self.partner and (self.at(k) in _PAIRS) == (step > 0):
                k = self.partner[k]
                if not 0 <= k + step < len(self.tokens):
                    break
            sign = self.at(k + step)
            ends = sign in ({")", "]", "}"} if step > 0 else _PAIRS)
            following = _PRECEDENCE.get(sign, 99)
            if sign in {"+", "-", "*", "&"} and not self.is_binary(k + step):
                following = 99
            opens = k + step in self.partner and not ends
            if not opens and (following < level or (step > 0 and following == level)):
                break
            if opens and sign in "{}":
                break
            k += step
        return (i + 1, k) if step > 0 else (k, i - 1)

    def span(self, first: int, last: int) -> str:
        """Return the text from one token to another."""
        return self.text[self.tokens[first].start : self.tokens[last].end]

    def same_brackets(self, a: int, b: int) -> bool:
        """Are two tokens within the same brackets?"""
        return all(not (a < o < b <= c or o < a < c < b) for o, c in self.partner.items() if o < c)

    def in_subscript(self, i: int) -> bool:
        """Is a token in an index, but not in a call there?"""
        around = [(o, c) for o, c in self.partner.items() if o < i < c]
        for opening, _ in sorted(around, reverse=True):
            sign, before = self.at(opening), self.at(opening - 1)
            if sign == "[":
                return True
            if sign == "{" or (before and re.match(r"\w", before)):  # the argument of a call
                return False
        return False
