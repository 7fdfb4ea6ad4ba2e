"""Events of a batch that can be taken together, because no other event has to do with their ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Bools, Ints
from stream_monitor.core.event_batch import LabelBatch
from stream_monitor.join.entry import is_meant
from stream_monitor.join.entry_store import EntryStore
from stream_monitor.join.event_columns import EventColumns
from stream_monitor.join.partition_epochs import PartitionEpochs
from stream_monitor.join.rows import NOTHING, WAITING, as_objects


class SimpleEvents(NamedTuple):
    """The simple ones among the n events of a batch.

    A prediction is simple when nothing is known of its id, no other prediction of the batch has it, and no label of
    the batch comes before it. A label is simple when its id has a single prediction, which waits and for which the
    label is meant, and no other label of the batch has that id.

    Attributes:
        is_simple: True for a simple event, shape (n,).
        own: For each label the row of the batch's prediction with its id, -1 where there is none, shape (labels,).
    """

    is_simple: Bools
    own: Ints

    @classmethod
    def of(cls, events: EventColumns, entries: EntryStore, epochs: PartitionEpochs) -> SimpleEvents:
        """Return the simple ones among the events of a batch."""
        predictions, labels = events.predictions, events.labels
        count = len(predictions)
        known = entries.find([*predictions.ids, *labels.ids])
        is_new = known[:count] == NOTHING
        if len(set(predictions.ids)) < count:
            is_new &= ~_is_repeated(predictions.ids)
        if not len(labels):
            return cls(is_new, np.empty(0, np.int64))
        places = dict(zip(predictions.ids, range(count), strict=True))
        own = np.fromiter(map(places.get, labels.ids, repeat(-1)), np.int64, len(labels))
        inside = np.flatnonzero(own >= 0)
        is_new[own[inside[labels.at[inside] < predictions.at[own[inside]]]]] = False
        is_awaited = _is_waiting(known[count:], entries, epochs)
        is_awaited[inside] = (is_new & ~events.has_label)[own[inside]]
        if len(set(labels.ids)) < len(labels):
            is_awaited &= ~_is_repeated(labels.ids)
        if labels.models or labels.versions:
            _exclude_others(is_awaited, labels, _keys(events, entries, known[count:], own))
        is_simple = np.empty(len(events), bool)
        is_simple[~events.is_label], is_simple[events.is_label] = is_new, is_awaited
        return cls(is_simple, own)

    def resumes_at(self, position: int, count: int) -> int | None:
        """Return where, from an event on that is not simple, so many simple ones follow or the batch ends.

        Returns:
            None if the event at the position is simple, or there is none.
        """
        if position == len(self.is_simple) or self.is_simple[position]:
            return None
        others = np.append(np.flatnonzero(~self.is_simple[position:]), len(self.is_simple) - position + count)
        first = int(np.argmax(np.diff(others) > count))
        return min(position + int(others[first]) + 1, len(self.is_simple))


def _is_repeated(ids: Sequence[str]) -> Bools:
    """Return which ids are there more than once, shape (len(ids),)."""
    counts = Counter(ids)
    return np.array([counts[identity] > 1 for identity in ids], bool)


def _is_waiting(known: Ints, entries: EntryStore, epochs: PartitionEpochs) -> Bools:
    """Return which rows hold a waiting prediction whose partition is not revoked, shape (len(known),)."""
    found = known >= 0
    rows = known[found]
    is_waiting = np.zeros(len(known), bool)
    is_waiting[found] = (entries.rows["state"][rows] == WAITING) & epochs.are_alive(entries.rows["epoch"][rows])
    return is_waiting


def _keys(events: EventColumns, entries: EntryStore, known: Ints, own: Ints) -> NDArray[np.object_]:
    """Return the model version of the prediction with each label's id, None where there is none."""
    keys, predictions = np.full(len(known), None, object), events.predictions
    keys[known >= 0] = entries.rows["key"][known[known >= 0]]
    keys[own >= 0] = as_objects(predictions.keys)[predictions.which[own[own >= 0]]]
    return keys


def _exclude_others(is_awaited: Bools, labels: LabelBatch, keys: NDArray[np.object_]) -> None:
    """Exclude labels that are for another model or version than that of their prediction."""
    for row in np.flatnonzero(is_awaited).tolist():
        is_awaited[row] = is_meant(labels.event(row), keys[row])
