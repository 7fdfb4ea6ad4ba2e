"""The evaluation set of one window of prediction time, while its labels come."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from stream_monitor.core.events import Target
from stream_monitor.stats.reference import category_name

#: Rows of a set, and their bytes as JSON; above one of them the rows with the largest hashes go.
MAX_ROWS, MAX_BYTES = 10_000, 64 << 20


class Candidate(NamedTuple):
    """A chosen prediction.

    Attributes:
        hash: The hash of its id, from 0 to 1.
        size: Bytes of the row.
        label: The class of its label, None while it waits for it.
    """

    hash: float
    size: int
    label: str | None = None


class WindowKey(NamedTuple):
    """One window of one model; its number counts windows since the Unix epoch."""

    model: str
    number: int


class EvaluationWindow:
    """Keeps the chosen predictions of one window: those with the smallest hashes.

    A row is in the sample if its hash is below ``share``. Those between that and ``reserve`` are kept for rare
    classes. Where there are too many rows, the two fall, and the rest is still a random sample.

    Args:
        share: The share of predictions in the sample.
        reserve: The share of predictions that are kept.
        min_per_class: Rows of a class up to which it is filled from the reserve.
    """

    def __init__(self, share: float, reserve: float, min_per_class: int) -> None:
        self.share, self.reserve, self._min_per_class = share, reserve, min_per_class
        self.rows: dict[int, Candidate] = {}
        #: Positions of the predictions that wait for their label.
        self.waiting: set[int] = set()
        self.is_closed = False
        self._labelled: Counter[str] = Counter()
        self._bytes = 0
        self._largest: list[tuple[float, int]] = []

    def add(self, index: int, candidate: Candidate) -> list[int]:
        """Add a chosen prediction by its position in the stream; return the positions of those that go for it."""
        self.rows[index] = candidate
        self._bytes += candidate.size
        heapq.heappush(self._largest, (-candidate.hash, index))
        if candidate.label is None:
            self.waiting.add(index)
        elif candidate.hash < self.share:
            self._labelled[candidate.label] += 1
        gone: list[int] = []
        while len(self.rows) > MAX_ROWS or self._bytes > MAX_BYTES:
            gone += self.drop_largest()
        return gone

    def drop_largest(self) -> list[int]:
        """Drop the rows with the largest hash, and lower the shares to it."""
        while self._largest[0][1] not in self.rows:
            heapq.heappop(self._largest)
        limit = -self._largest[0][0]
        self.share, self.reserve = min(self.share, limit), min(self.reserve, limit)
        gone = []
        while self._largest and -self._largest[0][0] >= limit:
            index = heapq.heappop(self._largest)[1]
            if index in self.rows:
                self.drop(index)
                gone.append(index)
        return gone

    def label(self, index: int, y_true: Target) -> bool:
        """Set the label of a row that waits for it; return False if the row is not needed any more."""
        one, name = self.rows[index], category_name(y_true)
        self.waiting.discard(index)
        if one.hash >= self.share and self._labelled[name] >= self._min_per_class:
            self.drop(index)
            return False
        self.rows[index] = one._replace(label=name)
        if one.hash < self.share:
            self._labelled[name] += 1
        return True

    def drop(self, index: int) -> None:
        """Drop a row."""
        one = self.rows.pop(index)
        self._bytes -= one.size
        self.waiting.discard(index)
        if one.label is not None and one.hash < self.share:
            self._labelled[one.label] -= 1

    def sampling_shares(self) -> dict[int, float]:
        """Return the rows of the set by position, each with the share of its class's predictions that are there."""
        by_class: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        for index, one in self.rows.items():
            if one.label is not None:
                by_class[one.label].append((one.hash, index))
        found: dict[int, float] = {}
        for rows in by_class.values():
            rows.sort()
            size = max(sum(each < self.share for each, _ in rows), min(self._min_per_class, len(rows)))
            is_sample = size == 0 or rows[size - 1][0] < self.share
            share = self.share if is_sample else rows[size][0] if size < len(rows) else self.reserve
            found |= {index: share for _, index in rows[:size]}
        return found

    @property
    def coverage(self) -> float:
        """The share of the sample whose label has come; 0 without a sample."""
        sample = [one.label is not None for one in self.rows.values() if one.hash < self.share]
        return sum(sample) / max(len(sample), 1)

    def state(self) -> Mapping[str, Any]:
        """Return the state but for the rows as JSON values."""
        return {"share": self.share, "reserve": self.reserve, "is_closed": self.is_closed}

    def restore(self, state: Mapping[str, Any], rows: Iterable[tuple[int, Candidate]]) -> None:
        """Load what `state` returned, with the rows."""
        self.share, self.reserve, self.is_closed = state["share"], state["reserve"], state["is_closed"]
        for index, candidate in rows:
            self.add(index, candidate)
