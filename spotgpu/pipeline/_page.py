"""Parts of a page in HTML: escaped text, cards, lists, tables, figures."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from importlib import resources
from string import Template
from typing import Any

from spotgpu.pipeline._figures import Figure

__all__ = ["card", "escaped", "gallery", "rows_table", "shown", "style", "template"]


def template(name: str) -> Template:
    """Return a page with blanks.

    Parameters
    ----------
    name : str
        Of the file beside this one.

    Returns
    -------
    string.Template
        Its text.
    """
    return Template(resources.files("spotgpu.pipeline").joinpath(name).read_text(encoding="utf-8"))


def style() -> str:
    """Return the style sheet of a run's report: all pages look the same.

    Returns
    -------
    str
        What stands in its ``style`` element.
    """
    return template("report.html").template.split("<style>")[1].split("</style>")[0]


def escaped(text: str) -> str:
    """Return text as it may stand in an element or in a quoted attribute.

    Parameters
    ----------
    text : str
        Names of files may hold bytes that are no UTF-8: these are written as ``\\udc80`` and so on.

    Returns
    -------
    str
        With ``& < > " '`` escaped.
    """
    return html.escape(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def card(value: str, name: str, kind: str = "card") -> str:
    """Return a box with a number in large letters.

    Parameters
    ----------
    value, name : str
        The number and what it is.
    kind : str
        Classes of the style sheet.

    Returns
    -------
    str
        HTML.
    """
    return f'<div class="{kind}"><b>{escaped(value)}</b><span>{escaped(name)}</span></div>'


def rows_table(caption: str, rows: Mapping[str, Any]) -> str:
    """Return a table of names and values.

    Parameters
    ----------
    caption : str
        What stands above.
    rows : mapping of str to object
        Value by name.

    Returns
    -------
    str
        HTML.
    """
    body = "\n".join(
        f"<tr><th>{escaped(str(name))}</th><td>{escaped(shown(value))}</td></tr>"
        for name, value in rows.items()
    )
    return f"<table><caption>{escaped(caption)}</caption>\n{body}\n</table>\n"


def shown(value: Any) -> str:
    """Return a value as a reader wants it.

    Parameters
    ----------
    value : object
        Of an option, or anything else.

    Returns
    -------
    str
        Plain text.
    """
    if value is None:
        return "default"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(item) for item in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def gallery(figures: Iterable[Figure] | None) -> str:
    """Return the figures, or what to do to have some.

    Parameters
    ----------
    figures : iterable of Figure or None
        None without matplotlib.

    Returns
    -------
    str
        HTML.
    """
    if figures is None:
        return (
            '<p class="soft">Figures need matplotlib, which is not installed: '
            "<code>pip install 'spotgpu[plot]'</code></p>"
        )
    items = "\n".join(
        f'<figure class="{"wide" if figure.wide else "half"}">'
        f'<img alt="{escaped(figure.title)}" src="data:image/png;base64,{figure.png}">'
        f"<figcaption><strong>{escaped(figure.title)}.</strong> "
        f"{escaped(figure.caption)}</figcaption></figure>"
        for figure in figures
    )
    return f'<div class="figures">\n{items}\n</div>'
