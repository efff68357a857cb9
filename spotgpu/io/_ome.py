"""What OME-XML says of a TIFF file: which page is which plane, sizes, times and channels.

Only what lies in the file itself is read: the names of other files in the XML are reported, and
never opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np

from spotgpu.errors import SpotgpuError
from spotgpu.io._description import Description
from spotgpu.io._units import micrometres, seconds

__all__ = ["from_ome_xml"]

#: A declaration: neither a comment nor a CDATA section.
DECLARATION = re.compile(r"<!(?!--|\[CDATA\[)")

Plane = tuple[int, int, int]


@dataclass(frozen=True)
class _File:
    """The file that the XML lies in."""

    name: str
    basename: str
    pages: int
    samples: int


def from_ome_xml(
    xml: str,
    *,
    name: str,
    basename: str,
    pages: int,
    samples: int,
    series: int | None = None,
    alone: bool = True,
) -> Description:
    """Read the OME-XML of a TIFF file.

    Parameters
    ----------
    xml : str
        The description of the first page.
    name : str
        The file's path, for messages.
    basename : str
        Its name without folders.
    pages : int
        How many pages it has.
    samples : int
        Samples per pixel.
    series : int, optional
        Which of several images.
    alone : bool
        Whether the caller takes this file for the whole movie.

    Returns
    -------
    Description
        Of the planes that lie in this file.

    Raises
    ------
    SpotgpuError
        If the XML is broken, or planes are missing.
    ValueError
        If it has several images and none was chosen, or is a part of a set of files.
    """
    file = _File(name, basename, pages, samples)
    root = _parsed(xml, name)
    if _children(root, "BinaryOnly"):
        raise ValueError(_part_of_set(name, []))
    identity = root.get("UUID")
    images = []
    for image in _children(root, "Image"):
        for pixels in _children(image, "Pixels"):
            found, others = _planes(pixels, file, identity)
            images.append((image.get("Name") or image.get("ID") or "", pixels, found, others))
    here = [entry for entry in images if entry[2]]
    if not here:
        raise SpotgpuError(f"{name} is truncated or corrupt: its OME-XML names no page in it")
    if series is None and len(here) > 1:
        listed = ", ".join(f"{i} ({entry[0]!r})" for i, entry in enumerate(here))
        raise ValueError(f"`series` must be given: {name} has {len(here)} images: {listed}")
    if series is not None and not 0 <= series < len(here):
        raise ValueError(f"`series` must be 0 to {len(here) - 1} for {name}, got {series}")
    _, pixels, found, others = here[series or 0]
    if others and alone:
        raise ValueError(_part_of_set(name, sorted(others)))
    return _description(pixels, found, file, bool(others))


def _parsed(xml: str, name: str) -> ElementTree.Element:
    if DECLARATION.search(xml):
        raise SpotgpuError(
            f"{name} has a document type or entity declaration in its OME-XML, which OME does not "
            "use and which can exhaust the memory: the file is not read"
        )
    try:
        return ElementTree.fromstring(xml)  # noqa: S314 (no declarations, see above)
    except ElementTree.ParseError as error:
        raise SpotgpuError(f"{name} has broken OME-XML: {error}") from error


def _part_of_set(name: str, others: list[str]) -> str:
    listed = f" (the others: {', '.join(others[:4])}{', ...' if len(others) > 4 else ''})"
    return (
        f"`source` must be a whole movie, got {name}, which is one file of a set"
        f"{listed if others else ''}: pass the list of the files or their pattern, or axes= to "
        "read the pages of this file alone"
    )


def _children(element: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    # The namespace changes with OME's version.
    return [child for child in element if child.tag.rpartition("}")[2] == tag]


def _number(element: ElementTree.Element, key: str, default: int, name: str) -> int:
    text = element.get(key)
    try:
        value = default if text is None else int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise SpotgpuError(f"{name} has broken OME-XML: {key} is {text!r}")
    return value


def _sizes(pixels: ElementTree.Element, file: _File) -> tuple[str, dict[str, int]]:
    """Return the letters of the planes' axes, the fastest first, and their lengths."""
    order = pixels.get("DimensionOrder", "XYZCT")[2:]
    if sorted(order) != ["C", "T", "Z"]:
        raise SpotgpuError(f"{file.name} has broken OME-XML: DimensionOrder is XY{order!r}")
    sizes = {axis: max(_number(pixels, f"Size{axis}", 1, file.name), 1) for axis in "ZCT"}
    sizes["C"] = max(sizes["C"] // file.samples, 1)
    return order, sizes


def _planes(
    pixels: ElementTree.Element, file: _File, identity: str | None
) -> tuple[dict[Plane, int], set[str]]:
    """Return the page of each plane (t, z, c) in this file, and the names of the other files."""
    order, sizes = _sizes(pixels, file)
    total = sizes["Z"] * sizes["C"] * sizes["T"]
    found: dict[Plane, int] = {}
    others: set[str] = set()
    blocks = _children(pixels, "TiffData") or [ElementTree.Element("TiffData")]
    for block in blocks:
        stranger = _stranger(block, file, identity)
        if stranger is not None:
            others.add(stranger)
            continue
        page = _number(block, "IFD", 0, file.name)
        few = 1 if "IFD" in block.attrib else total
        number = _number(
            block, "PlaneCount", _number(block, "NumPlanes", few, file.name), file.name
        )
        first = {axis: _number(block, f"First{axis}", 0, file.name) for axis in "ZCT"}
        start = first[order[0]] + sizes[order[0]] * (
            first[order[1]] + sizes[order[1]] * first[order[2]]
        )
        # Never more than there are: the numbers are not to be trusted.
        for k in range(min(number, total - start, file.pages - page)):
            place = _unravelled(start + k, order, sizes)
            found[place["T"], place["Z"], place["C"]] = page + k
    return found, others


def _stranger(block: ElementTree.Element, file: _File, identity: str | None) -> str | None:
    for uuid in _children(block, "UUID"):
        named = uuid.get("FileName", "")
        same = uuid.text == identity if identity and uuid.text else named in {"", file.basename}
        if not same and named.lower() != file.basename.lower():
            return named or str(uuid.text)
    return None


def _unravelled(k: int, order: str, sizes: dict[str, int]) -> dict[str, int]:
    place = {}
    for axis in order:
        k, place[axis] = divmod(k, sizes[axis])
    return place


def _description(
    pixels: ElementTree.Element, found: dict[Plane, int], file: _File, part: bool
) -> Description:
    _, sizes = _sizes(pixels, file)
    times, depths, colours = (sorted({plane[i] for plane in found}) for i in range(3))
    wanted = len(times) * len(depths) * len(colours)
    promised = sizes["T"] * sizes["Z"] * sizes["C"]
    if len(found) < (wanted if part else promised):
        raise SpotgpuError(
            f"{file.name} is truncated: its OME-XML has {sizes['T']} frames, {sizes['Z']} slices "
            f"and {sizes['C']} channels, and {len(found)} of {wanted if part else promised} planes "
            "are there; pass axes='TYX' to read the pages as they come"
        )
    pages = [[[found[t, z, c] for c in colours] for z in depths] for t in times]
    named = [
        channel.get("Name") or channel.get("ID") or str(i)
        for i, channel in enumerate(_children(pixels, "Channel"))
    ]
    sides = {
        axis: micrometres(
            pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit", "µm")
        )
        for axis in "ZYX"
    }
    return Description(
        axes="TZC",
        pages=np.array(pages),
        sizes_um={axis: side for axis, side in sides.items() if side is not None},
        interval_s=_interval(pixels, found),
        channels=tuple(named[c] for c in colours) if len(named) > max(colours) else (),
        times=tuple(times) if part else None,
    )


def _interval(pixels: ElementTree.Element, found: dict[Plane, int]) -> float | None:
    """Return the interval that is set or, if none is, the mean of those that were measured."""
    told = seconds(pixels.get("TimeIncrement"), pixels.get("TimeIncrementUnit", "s"))
    if told is not None:
        return told
    stamps = dict(_stamps(pixels, min(found)[1:]))
    if len(stamps) < 2:
        return None
    first, last = min(stamps), max(stamps)
    mean = (stamps[last] - stamps[first]) / (last - first)
    return mean if np.isfinite(mean) and mean > 0 else None


def _stamps(
    pixels: ElementTree.Element, slice_and_channel: tuple[int, ...]
) -> Iterator[tuple[int, float]]:
    for plane in _children(pixels, "Plane"):
        try:
            place = int(plane.get("TheZ", "")), int(plane.get("TheC", ""))
            t, elapsed = int(plane.get("TheT", "")), float(plane.get("DeltaT", ""))
        except ValueError:
            continue
        scale = seconds(1, plane.get("DeltaTUnit", "s"))
        if place == slice_and_channel and scale is not None:
            yield t, elapsed * scale
