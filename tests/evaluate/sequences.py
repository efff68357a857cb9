"""Label images whose objects move, divide and vanish, and what trackers make of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import tifffile
from scipy import ndimage
from scipy.spatial import KDTree

from spotgpu.tables import Tracks, branching_kinds, edge_table

SHAPE = (64, 72)


@dataclass
class Sequence:
    """Objects, each with a label of its own in all frames, and the edges between them."""

    labels: np.ndarray
    frame: dict[int, int] = field(default_factory=dict)
    edges: set[tuple[int, int]] = field(default_factory=set)

    def children(self, label: int) -> list[int]:
        return [b for a, b in self.edges if a == label]

    def parents(self, label: int) -> list[int]:
        return [a for a, b in self.edges if b == label]

    def remove(self, label: int) -> None:
        self.labels[self.labels == label] = 0
        self.edges = {edge for edge in self.edges if label not in edge}
        del self.frame[label]

    def tracks(self) -> Tracks:
        label = np.array(sorted(self.frame), dtype=np.int64)
        frame = np.array([self.frame[i] for i in label], dtype=np.int64)
        at = [
            ndimage.center_of_mass(self.labels[t] == i) for t, i in zip(frame, label, strict=True)
        ]
        y, x = np.array(at).reshape(-1, 2).T
        spots = pd.DataFrame({"id": label + 100, "frame": frame, "y": y, "x": x, "label": label})
        ends = np.array(sorted(self.edges), dtype=np.int64).reshape(-1, 2).T
        source, target = np.searchsorted(label, ends)
        kind = branching_kinds(source, target, frame)
        return Tracks(spots, edge_table(ends[0] + 100, ends[1] + 100, kind=kind))

    def graph(self) -> nx.DiGraph:
        graph = nx.DiGraph()
        graph.add_nodes_from((i, {"t": t, "segmentation_id": i}) for i, t in self.frame.items())
        graph.add_edges_from(self.edges)
        return graph

    def write(self, folder: Path, image: str, table: str) -> None:
        """Write the challenge's files, where a track is a label in consecutive frames."""
        folder.mkdir(parents=True)
        graph, chains = self.graph(), nx.Graph()
        chains.add_nodes_from(graph)
        chains.add_edges_from(
            (a, b)
            for a, b in self.edges
            if graph.out_degree(a) == 1 and self.frame[b] - self.frame[a] == 1
        )
        parts = list(nx.connected_components(chains))
        track = {i: n for n, part in enumerate(parts, 1) for i in part}
        number = np.zeros(self.labels.max() + 1, np.uint16)
        number[list(track)] = list(track.values())
        for t, labels in enumerate(self.labels):
            tifffile.imwrite(folder / f"{image}{t:03}.tif", number[labels])
        lines = []
        for n, part in enumerate(parts, 1):
            first = min(part, key=self.frame.__getitem__)
            parent = [track[a] for a in self.parents(first)] or [0]
            frames = [self.frame[i] for i in part]
            lines.append(f"{n} {min(frames)} {max(frames)} {parent[0]}\n")
        (folder / table).write_text("".join(lines))


def simulated(seed: int, n_frames: int = 9, n: int = 8) -> Sequence:
    """Draw discs that walk, divide, come and go."""
    rng = np.random.default_rng(seed)
    result = Sequence(np.zeros((n_frames, *SHAPE), np.int64))
    size, next_label = np.array(SHAPE), 1
    alive: list[tuple[int, np.ndarray]] = [(0, rng.uniform(6, size - 6)) for _ in range(n)]
    pixels = np.indices(SHAPE).reshape(2, -1).T
    for t in range(n_frames):
        now = []
        for parent, at in alive:
            result.frame[next_label] = t
            if parent:
                result.edges.add((parent, next_label))
            now.append((next_label, at))
            next_label += 1
        # Each disc owns the pixels that are nearest to its centre, so that none is hidden.
        tree = KDTree(np.array([at for _, at in now]))
        _, nearest = tree.query(pixels, distance_upper_bound=5.0)
        owner = np.append([label for label, _ in now], 0)
        result.labels[t] = owner[nearest].reshape(SHAPE)
        alive = []
        for label, at in now:
            if not (result.labels[t] == label).any():
                result.remove(label)
                continue
            fate = rng.random()
            if fate > 0.95:
                continue
            shifts = [[-4, 1], [4, -1]] if fate < 0.12 else [[0, 0]]
            alive += [
                (label, np.clip(at + s + rng.normal(0, 1, 2), 5, size - 5))
                for s in np.array(shifts)
            ]
        alive.append((0, rng.uniform(6, size - 6)))
    return result


def corrupted(
    truth: Sequence, seed: int, *, gaps: bool = False, merges: bool = False, children: int = 3
) -> Sequence:
    """Make the mistakes that trackers make; a spot gets as many `children` at most."""
    rng = np.random.default_rng(seed)
    result = Sequence(truth.labels.copy(), dict(truth.frame), set(truth.edges))
    for _ in range(rng.integers(4)):
        _delay(result, rng)
    for _ in range(rng.integers(4)):
        _fuse(result, rng)
    for _ in range(rng.integers(6)):
        _miss(result, rng, gaps)
    for _ in range(rng.integers(6)):
        _erode(result, rng)
    for _ in range(rng.integers(4)):
        _invent(result, rng)
    for _ in range(rng.integers(4)):
        result.edges.discard(_any(rng, sorted(result.edges)))
    for _ in range(rng.integers(3)):
        _swap(result, rng)
    for _ in range(rng.integers(8)):
        _branch(result, rng, merges, children)
    return result


def _any(rng, choices):
    return choices[rng.integers(len(choices))]


def _delay(s: Sequence, rng) -> None:
    """Let a division happen a frame later: one of the daughters is not seen before."""
    born = sorted({c for c in s.frame for a in s.parents(c) if len(s.children(a)) == 2})
    if born:
        late = _any(rng, born)
        sister = next(i for i in s.children(s.parents(late)[0]) if i != late)
        after = s.children(late)
        if len(s.children(sister)) + len(after) <= 2:
            s.remove(late)
            s.edges |= {(sister, i) for i in after}


def _fuse(s: Sequence, rng) -> None:
    """Make one object of two of a frame."""
    one = _any(rng, sorted(s.frame))
    others = [i for i, t in s.frame.items() if t == s.frame[one] and i != one]
    if others:
        other = _any(rng, others)
        pixels = s.labels == other
        s.remove(other)
        s.labels[pixels] = one


def _miss(s: Sequence, rng, gaps: bool) -> None:
    """Lose an object; perhaps bridge the gap."""
    label = _any(rng, sorted(s.frame))
    bridges = {(a, b) for a in s.parents(label) for b in s.children(label)}
    s.remove(label)
    if gaps and rng.random() < 0.7:
        s.edges |= bridges


def _erode(s: Sequence, rng) -> None:
    """Leave a part of an object."""
    pixels = np.argwhere(s.labels == _any(rng, sorted(s.frame)))
    lost = pixels[: int(len(pixels) * rng.choice([0.3, 0.5, 0.7]))]
    s.labels[tuple(lost.T)] = 0


def _invent(s: Sequence, rng) -> None:
    """Add an object in the background."""
    t = rng.integers(len(s.labels))
    label, corner = int(s.labels.max()) + 1, rng.integers(0, np.array(SHAPE) - 4)
    box = s.labels[t, corner[0] : corner[0] + 4, corner[1] : corner[1] + 4]
    if (box == 0).any():
        box[box == 0] = label
        s.frame[label] = int(t)


def _swap(s: Sequence, rng) -> None:
    """Swap the targets of two edges between the same frames."""
    edges = sorted(s.edges)
    a, b = _any(rng, edges)
    others = [
        (c, d) for c, d in edges if (s.frame[c], s.frame[d]) == (s.frame[a], s.frame[b]) and c != a
    ]
    if others:
        c, d = _any(rng, others)
        if not {(a, d), (c, b)} & s.edges:
            s.edges = s.edges - {(a, b), (c, d)} | {(a, d), (c, b)}


def _branch(s: Sequence, rng, merges: bool, children: int) -> None:
    """Join an object with one of the next frame that begins, or has a parent already."""
    a = _any(rng, sorted(s.frame))
    ends = [
        i
        for i, t in s.frame.items()
        if t == s.frame[a] + 1 and (merges or not s.parents(i)) and i not in s.children(a)
    ]
    if ends and len(s.children(a)) < children:
        s.edges.add((a, _any(rng, ends)))
