"""Records from files, and from a file of labels that is merged with them by event time."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import IO

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.records import Body, Record, TopicPartition
from stream_monitor.sources.base import AppliedOffset, BeforeCommit, Position, Revoked
from stream_monitor.sources.blocks import BlockReader
from stream_monitor.sources.formats import Format, format_of, read_file

BATCH_SIZE = 2000
#: The topic of records of labels.
LABELS = "labels"
PREDICTIONS = "predictions"

#: Gives a record, whose body it may have parsed so that it is parsed once only, and its event time; None without one.
ReadTime = Callable[[Record], tuple[Record, float | None]]


class FileSource:
    """Reads files of predictions in the given order, and one file of labels.

    Labels without times come before all predictions, so that each meets its prediction as soon as that comes. With
    times, a label comes before the first prediction that is later than it.

    Args:
        paths: Files of predictions.
        labels: File of labels.
        file_format: Format of the files; by default that which their names say.
        read_time: Reads event times; needed where labels are to be merged by time.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        labels: Path | None = None,
        *,
        file_format: Format | None = None,
        read_time: ReadTime = lambda record: (record, None),
    ) -> None:
        self._open = ExitStack()
        self._raw: list[IO[bytes]] = []
        self._read_time = read_time
        self.total_bytes = sum(path.stat().st_size for path in paths)
        blocks = [self._blocks(path, format_of(path, file_format), PREDICTIONS) for path in paths]
        self._rows = BlockReader((PREDICTIONS, 0), chain.from_iterable(blocks))
        self._merged: Iterator[Record] | None = None
        if labels is not None:
            of_labels = self._blocks(labels, _label_format(labels, file_format), LABELS)
            self._merged = self._merge(
                _records(PREDICTIONS, self._rows), _records(LABELS, BlockReader((LABELS, 0), of_labels))
            )
        self._exhausted = False
        #: Records of one poll.
        self.batch_size = BATCH_SIZE
        self.before_commit: BeforeCommit = lambda _: None
        self.revoked: Revoked = lambda _: None
        self.restoring: Mapping[TopicPartition, int] = {}
        self.gaps: Counter[str] = Counter()
        self.owner = ""

    def poll(self, timeout: float) -> RecordBatch:  # noqa: ARG002
        if self._merged is None:
            batch = self._rows.read(self.batch_size)
        else:
            batch = RecordBatch.of(list(islice(self._merged, self.batch_size)))
        self._exhausted = len(batch) < self.batch_size
        return batch

    @property
    def bytes_read(self) -> int:
        """Bytes of the files of predictions that were read, of ``total_bytes``."""
        return sum(raw.tell() for raw in self._raw if not raw.closed)

    @property
    def exhausted(self) -> bool:
        return self._exhausted

    def commit(self, changed: bool = False) -> None:
        """Do nothing: a file is read from its beginning each time."""

    def resume(self, applied: Sequence[AppliedOffset], owner: str) -> None:
        """Do nothing: a file is read from its beginning each time."""

    def positions(self) -> list[Position]:
        return [Position(PREDICTIONS, 0, None)]

    def close(self, commit: bool = True) -> None:  # noqa: ARG002
        self._open.close()

    def _blocks(self, path: Path, file_format: Format, topic: str) -> Iterator[Sequence[Body]]:
        try:
            raw = self._open.enter_context(path.open("rb"))
            if topic == PREDICTIONS:
                self._raw.append(raw)
            yield from read_file(raw, path, file_format)
        except OSError as error:
            reason = error.strerror or str(error)
            flag = "--labels: " if topic == LABELS else ""
            raise ConfigError(f"{flag}can't read {path}: {reason}") from None

    def _merge(self, rows: Iterator[Record], labels: Iterator[Record]) -> Iterator[Record]:
        """Yield labels without times, then rows and the other labels in order of time."""
        timed = list(map(self._read_time, labels))
        first = [self._read_time(row) for row in islice(rows, 1)]
        if not first or first[0][1] is None:
            timed = [(label, None) for label, _ in timed]
        yield from (label for label, ts in timed if ts is None)
        later = deque(sorted(((ts, label) for label, ts in timed if ts is not None), key=itemgetter(0)))
        timed.clear()
        for row, ts in chain(first, map(self._read_time, rows)):
            while later and ts is not None and later[0][0] < ts:
                yield later.popleft()[1]
            yield row
        yield from (label for _, label in later)


def _records(topic: str, reader: BlockReader) -> Iterator[Record]:
    """Yield all records of a reader."""
    while batch := reader.read(BATCH_SIZE):
        for offset, value in zip(batch.offsets.tolist(), batch.values, strict=True):
            yield Record(topic, offset, value)


def _label_format(path: Path, given: Format | None) -> Format:
    """Return the format that the name of the file of labels says, else that of the predictions."""
    try:
        return format_of(path)
    except ConfigError:
        return format_of(path, given)
