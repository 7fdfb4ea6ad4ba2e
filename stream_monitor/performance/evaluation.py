"""Evaluation sets: labelled predictions with their features, chosen by the hash of their ids when they come."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from stream_monitor.core.arrays import optional
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.performance.evaluation_rows import EvaluationRows, RowStore
from stream_monitor.performance.evaluation_set import (
    RESERVE,
    EvaluationCounts,
    EvaluationRow,
    EvaluationSet,
    EvaluationSettings,
)
from stream_monitor.performance.evaluation_window import Candidate, EvaluationWindow, WindowKey

logger = logging.getLogger(__name__)

#: Windows that are kept at once, those included that are closed and not taken yet; above it the oldest goes.
MAX_WINDOWS = 256
#: Rows of all open windows, above which those with the largest hash in the largest window go; and of all closed ones,
#: above which the oldest goes.
MAX_KEPT = 100_000


class EvaluationSample:
    """Chooses predictions, keeps them with their features until their label comes, and gives the sets of windows.

    A window is closed at the first prediction that is ``wait`` seconds later than its end, or as soon as its end has
    passed and no chosen prediction waits for a label. What a set has depends on the order of the stream alone, not on
    where it was cut into batches.

    Args:
        settings: The settings.
        store: Keeps the rows.
    """

    def __init__(self, settings: EvaluationSettings, store: RowStore) -> None:
        self._settings, self._rows = settings, EvaluationRows(store)
        is_reserved = settings.min_per_class > 0
        self._reserve = min(settings.share * RESERVE, 1.0) if is_reserved else settings.share
        self._windows: dict[WindowKey, EvaluationWindow] = {}
        self._by_index: dict[int, WindowKey] = {}
        #: Windows that were closed, as long as a prediction could still open them again.
        self._past: set[WindowKey] = set()
        self._clock = -math.inf
        self.counts = EvaluationCounts()

    def update(self, predictions: PredictionBatch, first: int, outcomes: OutcomeBatch) -> None:
        """Take a batch.

        Args:
            predictions: Predictions, in order.
            first: Position of the first of them in the stream.
            outcomes: Outcomes, in order.
        """
        times = np.nan_to_num(predictions.ts, nan=-math.inf)
        clock = np.maximum.accumulate(np.concatenate(([self._clock], times))).tolist()
        hashes = map(id_hash, predictions.ids)
        chosen = {first + row: each for row, each in enumerate(hashes) if each < self._reserve}
        events = [(index, 1, index - first) for index in chosen]
        labelled = zip(outcomes.before.tolist(), outcomes.index.tolist(), strict=True)
        events += [
            (before, 0, row)
            for row, (before, index) in enumerate(labelled)
            if index in chosen or index in self._by_index
        ]
        # An outcome that comes after p predictions comes before the one at position p.
        for position, is_prediction, row in sorted(events):
            self._advance(clock[min(max(position - first, 0) + is_prediction, len(predictions))])
            if is_prediction:
                self._keep(predictions, row, position, chosen[position])
            else:
                self._label(outcomes, row)
        self._advance(clock[-1])

    def _keep(self, predictions: PredictionBatch, row: int, index: int, hashed: float) -> None:
        """Keep a chosen prediction in its window, unless that is closed."""
        one = predictions.event(row)
        if one.ts is None:
            return
        key = WindowKey(one.key.model, math.floor(one.ts / self._settings.window))
        if key in self._past or self._settings.deadline(key) <= self._clock:
            self.counts.late += 1
            return
        window = self._windows.get(key) or self._open(key)
        if hashed >= window.reserve:
            return
        features = predictions.features.row(row)
        size = self._rows.put(index, [hashed, one.ts, one.id, *one.key, one.y_pred, one.score, features])
        self._by_index[index] = key
        self._forget(window.add(index, Candidate(hashed, size)))
        sizes = {each: len(one.rows) for each, one in self._windows.items() if not one.is_closed}
        if sum(sizes.values()) > MAX_KEPT:
            largest = max(sizes, key=lambda each: (sizes[each], each))
            self._forget(self._windows[largest].drop_largest())

    def _open(self, key: WindowKey) -> EvaluationWindow:
        closed = self.closed()
        if len(self._windows) >= MAX_WINDOWS or sum(len(self._windows[each].rows) for each in closed) > MAX_KEPT:
            self.counts.dropped += 1
            self.drop(closed[0] if closed else min(self._windows, key=lambda each: each.number))
        window = EvaluationWindow(self._settings.share, self._reserve, self._settings.min_per_class)
        self._windows[key] = window
        return window

    def _label(self, outcomes: OutcomeBatch, row: int) -> None:
        """Give a row its label, where the outcome is of the same prediction."""
        index = int(outcomes.index[row])
        key = self._by_index.get(index)
        window = self._windows[key] if key else None
        if window is None or window.is_closed or index not in window.waiting:
            return
        saved = self._rows.get(index)
        version = outcomes.keys[outcomes.which[row]]
        if saved[1] != optional(outcomes.ts[row]) or (saved[3], saved[4]) != version:
            return
        if window.label(index, outcomes.y_true[row]):
            self._rows.put(index, [*saved, outcomes.y_true[row]])
        else:
            self._forget([index])

    def _advance(self, clock: float) -> None:
        """Close the windows that are over at this time."""
        self._clock = clock
        for key, window in self._windows.items():
            if not window.is_closed and clock >= self._settings.end(key):
                window.is_closed = not window.waiting or clock >= self._settings.deadline(key)
                if window.is_closed:
                    self._past.add(key)
        if len(self._past) > MAX_WINDOWS:
            self._past = {key for key in self._past if self._settings.deadline(key) > clock}

    def close(self) -> None:
        """Close all windows, at the end of a file."""
        for window in self._windows.values():
            window.is_closed = True

    def closed(self) -> list[WindowKey]:
        """Return the windows that are closed and still kept, the oldest first."""
        found = (key for key, window in self._windows.items() if window.is_closed)
        return sorted(found, key=lambda key: (key.number, key.model))

    def made(self, key: WindowKey) -> EvaluationSet:
        """Return the set of a closed window."""
        window = self._windows[key]
        shares = window.sampling_shares()
        rows = []
        for index, (hashed, *row) in zip(shares, self._rows.get_all(list(shares)), strict=True):
            rows.append(EvaluationRow._make((*row, shares[index], hashed < window.share)))
        rows.sort(key=lambda row: row[:4])
        start = key.number * self._settings.window
        return EvaluationSet(key, start, self._settings.end(key), rows, window.share, window.coverage)

    def drop(self, key: WindowKey) -> None:
        """Drop a window with its rows, once its set is written."""
        self._forget(list(self._windows.pop(key).rows))
        self._past.add(key)

    def _forget(self, indices: Sequence[int]) -> None:
        for index in indices:
            self._by_index.pop(index, None)
            self._rows.delete(index)

    def state(self) -> dict[str, Any]:
        """Return the state but for the rows, which are in the store."""
        return {
            "clock": self._clock if math.isfinite(self._clock) else None,
            "settings": list(self._settings),
            "past": sorted(self._past),
            "windows": [[*key, window.state()] for key, window in self._windows.items()],
            "counts": vars(self.counts),
        }

    def restore(self, state: Mapping[str, Any] | None) -> None:
        """Load what `state` returned, and read the rows from the store; None: nothing was saved."""
        state = state or {}
        self.counts = EvaluationCounts(**state.get("counts", {}))
        windows = {WindowKey(*key): saved for *key, saved in state.get("windows", ())}
        if windows and state["settings"][1] != self._settings.window:
            logger.warning("--evaluation-window was changed: the predictions that wait for their labels are dropped")
            windows = {}
        elif state:
            self._clock = -math.inf if state["clock"] is None else state["clock"]
            self._past = {WindowKey(*key) for key in state["past"]}
        rows: dict[WindowKey, list[tuple[int, Candidate]]] = {}
        for index, key, candidate in list(self._rows.saved(self._settings.window)):
            if key in windows:
                self._by_index[index] = key
                rows.setdefault(key, []).append((index, candidate))
            else:
                self._rows.delete(index)
        for key, saved in windows.items():
            self._open(key).restore(saved, rows.get(key, ()))


def id_hash(identity: str) -> float:
    """Return a hash of an id as a number from 0 to 1, the same in every process.

    >>> round(id_hash("r-17"), 6)
    0.96165
    """
    digest = blake2b(identity.encode(errors="surrogatepass"), digest_size=8, person=b"evaluation").digest()
    return int.from_bytes(digest) / 2.0**64
