"""Zarr arrays in local folders, whose chunks are decoded to where their pixels belong.

zarr itself takes every chunk through one event loop, and copies its pixels twice: for small chunks
and many threads that is what takes the time. Arrays with other codecs are left to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from loky import cpu_count
from zarr.storage import LocalStore

from spotgpu.io._chunk_codecs import ChunkCodec, chunk_codec, without_checksum

__all__ = ["ChunkFiles", "chunk_files_of"]

#: Of a chunk that a shard has not: place and size in its index.
NOWHERE = 2**64 - 1
#: Bytes of pixels below which threads do not pay.
FEW = 2**20
MOST_THREADS = 16
INDEX_CODECS = [("bytes", "little"), ("crc32c", None)]

#: Returns the bytes of a chunk, or None if it is not there.
Fetch = Callable[[], bytes | None]
Places = list[tuple[int, slice, slice]]


def chunk_files_of(array: zarr.Array[Any]) -> ChunkFiles | None:
    """Return what reads the chunks of an array, if they are of a kind that is known here.

    Parameters
    ----------
    array : zarr.Array
        In a local folder, or not.

    Returns
    -------
    ChunkFiles or None
        None if zarr must read it.
    """
    if not isinstance(array.store, LocalStore) or array.ndim == 0:
        return None
    read = _of_version_2 if array.metadata.zarr_format == 2 else _of_version_3
    codec, index_first = read(array)
    return None if codec is None else ChunkFiles(array, codec, index_first)


def _of_version_2(array: Any) -> tuple[ChunkCodec | None, bool]:
    if array.metadata.filters or array.metadata.order != "C":
        return None, False
    compressor = array.metadata.compressor
    told = [] if compressor is None else [compressor.get_config()]
    return chunk_codec(told, array.dtype, 2), False


def _of_version_3(array: Any) -> tuple[ChunkCodec | None, bool]:
    """Return the codec of chunks, and whether the index of shards is at their start."""
    told = array.metadata.to_dict()
    codecs, index_first = told["codecs"], False
    if told.get("storage_transformers") or told["chunk_grid"]["name"] != "regular":
        return None, False
    if array.shards is not None:
        sharding = codecs[0]["configuration"]
        index_first = sharding.get("index_location", "end") == "start"
        index = [
            (codec["name"], codec.get("configuration", {}).get("endian"))
            for codec in sharding["index_codecs"]
        ]
        if len(codecs) != 1 or index != INDEX_CODECS:
            return None, False
        codecs = sharding["codecs"]
    return chunk_codec(codecs, array.dtype, 3), index_first


class ChunkFiles:
    """An array whose chunks are files, or parts of the files of shards. Can be pickled.

    Parameters
    ----------
    array : zarr.Array
        In a local folder.
    codec : ChunkCodec
        Of its chunks.
    index_first : bool
        Whether the index of a shard is at its start.
    """

    def __init__(self, array: zarr.Array[Any], codec: ChunkCodec, index_first: bool) -> None:
        #: As zarr sees it.
        self.zarr = array
        self.shape: tuple[int, ...] = array.shape
        self.dtype: np.dtype[Any] = array.dtype.newbyteorder("=")
        self.chunks: tuple[int, ...] = array.chunks
        self._codec = codec
        self._index_first = index_first
        self._shards: tuple[int, ...] | None = array.shards
        self._folder = Path(array.store.root) / array.path  # type: ignore[attr-defined]
        self._fill = 0 if array.fill_value is None else array.fill_value
        self._threads = min(int(cpu_count()), MOST_THREADS)

    def with_threads(self, threads: int) -> ChunkFiles:
        """Return the same array, read by a number of threads.

        Parameters
        ----------
        threads : int
            How many decode the chunks of one part.

        Returns
        -------
        ChunkFiles
            Another one.
        """
        other = copy(self)
        other._threads = threads
        return other

    def __getitem__(self, index: tuple[int | slice, ...]) -> npt.NDArray[Any]:
        """Return the pixels of a box: integers, and slices without a step."""
        spans = [
            range(n)[
                entry if isinstance(entry, slice) else slice(range(n)[entry], range(n)[entry] + 1)
            ]
            for entry, n in zip(index, self.shape, strict=True)
        ]
        out = np.empty([len(span) for span in spans], self.dtype)
        axes = [_along(span, n) for span, n in zip(spans, self.chunks, strict=True)]
        work = self._in_shards(axes, out) if self._shards else self._alone(axes, out)
        threads = min(self._threads, len(work))
        if threads < 2 or out.nbytes < FEW:
            for task in work:
                task()
        else:
            with ThreadPoolExecutor(threads, thread_name_prefix="spotgpu-chunks") as pool:
                for done in [pool.submit(task) for task in work]:
                    done.result()
        return out[tuple(0 if isinstance(entry, int) else slice(None) for entry in index)]

    def _alone(self, axes: list[Places], out: npt.NDArray[Any]) -> list[Callable[[], None]]:
        work: list[Callable[[], None]] = []
        for places in product(*axes):
            path = self._path(tuple(k for k, _, _ in places))
            work.append(partial(self._put, places, out, partial(_bytes, path), path))
        return work

    def _path(self, at: tuple[int, ...]) -> str:
        return f"{self._folder}/{self.zarr.metadata.encode_chunk_key(at)}"

    def _put(
        self, places: tuple[tuple[int, slice, slice], ...], out: npt.NDArray[Any], fetch: Fetch,
        name: str,
    ) -> None:  # fmt: skip
        """Decode a chunk, and put what is wanted of it into its place."""
        target = out[tuple(to for _, to, _ in places)]
        data = fetch()
        if data is None:
            target[...] = self._fill
            return
        # What lies in one piece needs no second copy.
        whole = target.shape == self.chunks and target.flags.c_contiguous
        direct = whole and self._codec.dtype == self.dtype
        chunk = target if direct else np.empty(self.chunks, self._codec.dtype)
        try:
            self._codec.fill(chunk.reshape(-1).view(np.uint8), data)
        except (ValueError, RuntimeError, OSError, LookupError) as error:
            raise ValueError(f"{name}: {error or type(error).__name__}") from error
        if not direct:
            target[...] = chunk[tuple(of for _, _, of in places)]

    def _in_shards(self, axes: list[Places], out: npt.NDArray[Any]) -> list[Callable[[], None]]:
        shards: dict[tuple[int, ...], list[tuple[tuple[int, slice, slice], ...]]] = {}
        many = self._per_shard()
        for places in product(*axes):
            at = tuple(k // n for (k, _, _), n in zip(places, many, strict=True))
            shards.setdefault(at, []).append(places)
        work: list[Callable[[], None]] = []
        for at, inside in shards.items():
            path = self._path(at)
            index = self._index(path)
            for places in inside:
                within = tuple(k % n for (k, _, _), n in zip(places, many, strict=True))
                place, size = (NOWHERE, 0) if index is None else map(int, index[within])
                fetch = partial(_part, path, place, size)
                work.append(partial(self._put, places, out, fetch, path))
        return work

    def _per_shard(self) -> tuple[int, ...]:
        return tuple(s // c for s, c in zip(self._shards or (), self.chunks, strict=True))

    def _index(self, path: str) -> npt.NDArray[np.uint64] | None:
        """Return place and size of the chunks in a shard, or None if it is not there."""
        many = self._per_shard()
        size = 16 * int(np.prod(many)) + 4
        try:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (as Path does it, but faster)
                length = os.fstat(file.fileno()).st_size
                start = 0 if self._index_first else length - size
                data = os.pread(file.fileno(), size, max(0, start))
        except FileNotFoundError:
            return None
        if len(data) < size:
            raise ValueError(f"{path}: it has {length} bytes, fewer than its index")
        try:
            return np.frombuffer(without_checksum(data), "<u8").reshape(*many, 2)
        except ValueError as error:
            raise ValueError(f"{path}: the index: {error}") from error


def _along(span: range, length: int) -> Places:
    """Return the chunks along an axis: number, where to in the box, and from where in the chunk."""
    if len(span) == 0:
        return []
    if span.step != 1:
        raise ValueError(f"a part must have no step, got {span.step}")
    found = []
    for k in range(span.start // length, (span.stop - 1) // length + 1):
        first, last = max(span.start, k * length), min(span.stop, (k + 1) * length)
        to = slice(first - span.start, last - span.start)
        found.append((k, to, slice(first - k * length, last - k * length)))
    return found


def _bytes(path: str) -> bytes | None:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (as Path does it, but faster)
            return file.read()
    except FileNotFoundError:
        return None


def _part(path: str, place: int, size: int) -> bytes | None:
    if place == NOWHERE:
        return None
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (as Path does it, but faster)
        length = os.fstat(file.fileno()).st_size
        if place + size > length:
            raise ValueError(f"{path}: a chunk ends at byte {place + size} of {length}")
        return os.pread(file.fileno(), size, place)
