"""The wells of a plate, out of the names of its movies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["wells"]

#: Rows A to AF and columns 1 to 48: the largest plates have 1536 wells.
ROWS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ") + tuple(f"A{letter}" for letter in "ABCDEF")
COLUMNS = 48
#: Rows of plates of 384 wells and fewer.
SMALLER = frozenset(ROWS[:16])
#: Letters that number other things as well (channel, day, embryo, field, hour, position, replicate,
#: site, time, view, wavelength, z and so on): in small letters and in capitals.
COUNTERS = frozenset("cdefhmnprstvwxyzCFMNPRSTVWXYZ")

#: A1, A01, A-1, A - 01, A01f00d0, after "well" or not; r02c03.
TOKEN = re.compile(
    r"""(?<![^\W_])                                     # not in the middle of a word
    (?: (?P<well>well[\s_.-]*)?
        (?P<row>[A-Z]|A[A-F]) (?P<dash>-|\s-\s)? (?P<column>[0-9]{1,2})
        (?: (?![^\W_]) | (?=f[0-9]+d[0-9]) )
      | r(?P<row_number>[0-9]{1,2}) [\s_.-]? c(?P<column_number>[0-9]{1,2}) (?![0-9])
    )""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True)
class _Token:
    """What may be a well: its row and column, the row as it is written, whether it must be one."""

    row: str
    column: int
    written: str
    certain: bool


def wells(names: Sequence[str]) -> list[str | None]:
    """Return the well that each name carries.

    A well is written A1, A01, A-1, ``A - 01``, any of these after "well", or r02c03; in small
    letters or capitals; and no letter or digit touches it, but for field and channel in A01f00d0.
    Where names hold several such words, all names together decide:

    - The word counts that stands at the same place (the first, the second, ... from either end,
      in the same letters, small or capital) in more than half of the names, and varies most there:
      a place of several rows comes first, then that of most wells.
    - If more than half of the names say "well", r..c.. or ``A - 01``, only those are looked at.
    - Where all rows are letters that number other things too, as in s1, T01, Z3 or c2, there is no
      well. Nor are such letters rows past P, unless the plate has another row past P.
    - Where several names have the same word and none another there is no well: B16 may be a cell
      line.
    - A name with more or fewer such words than most has no well if its word stands elsewhere in
      the others.

    Parameters
    ----------
    names : sequence of str
        Names of movies, with or without folders and extensions. Several may have the same well.

    Returns
    -------
    list of (str or None)
        'A01' to 'AF48', one for each name; None where there is no well.

    Examples
    --------
    >>> wells(["B16 A1_s1.tif", "B16 A1_s2.tif", "B16 B12_s1.tif", "blank.tif"])
    ['A01', 'A01', 'B12', None]
    """
    found = [_tokens(name) for name in names]
    certain = [[token for token in tokens if token.certain] for tokens in found]
    if 2 * sum(map(bool, certain)) > len(names):
        found = certain
    best: list[_Token | None] = [None] * len(names)
    most = (False, 0, 0, len(names))
    for place in _places(found):
        there, usual = _at(place, found)
        tokens = _in_plate(there)
        count = sum(token is not None for token in tokens)
        # Names with another number of words may have something else at this place.
        score = (*_variety([one for one, whole in zip(tokens, usual, strict=True) if whole]), count)
        if 2 * count > len(names) and score > most:
            best, most = tokens, score
    return [None if token is None else f"{token.row}{token.column:02d}" for token in best]


def _tokens(name: str) -> list[_Token]:
    """Return what may be wells in a name, in its order."""
    tokens = []
    for match in TOKEN.finditer(name):
        if match["row"] is not None:
            row, column, written = match["row"].upper(), int(match["column"]), match["row"]
            certain = match["well"] is not None or len(match["dash"] or "") == 3
        else:
            number, column, written = int(match["row_number"]), int(match["column_number"]), ""
            row, certain = ROWS[number - 1] if 1 <= number <= len(ROWS) else "", True
        if row in ROWS and 1 <= column <= COLUMNS:
            tokens.append(_Token(row, column, written, certain))
    return tokens


def _places(found: Sequence[Sequence[_Token]]) -> list[tuple[bool, int]]:
    """Return the places that are there: small letters or not, and number from either end."""
    longest = max(map(len, found), default=0)
    numbers = [*range(longest), *range(-longest, 0)]
    return [(small, number) for small in (False, True) for number in numbers]


def _at(
    place: tuple[bool, int], found: Sequence[Sequence[_Token]]
) -> tuple[list[_Token | None], list[bool]]:
    """Return each name's token at a place, and whether it has as many tokens as most names."""
    small, number = place
    alike = [[token for token in tokens if token.written.islower() == small] for tokens in found]
    most = Counter(len(same) for same in alike if same).most_common(1)
    usual = most[0][0] if most else 0
    there = [same[number] if -len(same) <= number < len(same) else None for same in alike]
    elsewhere = {
        token
        for same, here in zip(alike, there, strict=True)
        if len(same) == usual
        for token in same
        if token is not here
    }
    tokens = [
        None if len(same) != usual and here in elsewhere else here
        for same, here in zip(alike, there, strict=True)
    ]
    return tokens, [len(same) == usual for same in alike]


def _variety(tokens: Sequence[_Token | None]) -> tuple[bool, int, int]:
    """Return whether there are several rows, and the number of wells and of rows."""
    known = [token for token in tokens if token is not None]
    rows = len({token.row for token in known})
    different = len({(token.row, token.column) for token in known})
    if different == 1 and len(known) > 1 and not known[0].certain:
        return False, 0, 0
    return rows > 1, different, rows


def _in_plate(tokens: list[_Token | None]) -> list[_Token | None]:
    """Return the tokens without those that number something else."""
    sure = {
        token.row
        for token in tokens
        if token is not None and (token.certain or token.written not in COUNTERS)
    }
    if not sure:
        return [None] * len(tokens)
    if not sure <= SMALLER:
        return tokens
    return [token if token is not None and token.row in SMALLER else None for token in tokens]
