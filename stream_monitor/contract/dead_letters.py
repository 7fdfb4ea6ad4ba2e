"""Dead letters: records that can't be used or break the contract, as they came, with the reason in headers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from stream_monitor.contract.violation import Violation
from stream_monitor.core.errors import Reason, SinkError
from stream_monitor.core.events import Rejection
from stream_monitor.core.records import Record

#: Prefix of the headers, as Kafka Connect's dead letter queue has ``__connect.errors.``.
PREFIX = "stream_monitor.errors."
#: The reason of a record that can be read but breaks the input contract.
VIOLATION = "contract"
#: Bytes of the value of a header.
MAX_HEADER = 2_000


class RecordWriter(Protocol):
    """Writes records to a topic."""

    def write(self, records: Sequence[Record]) -> None:
        """Write records, and return once all are acknowledged; no records: check that the topic can be written to.

        Raises:
            SinkError: Not all can be written now. Some may have been.
        """
        ...

    def close(self) -> None:
        """Release everything."""
        ...


class DeadLetters:
    """Holds dead letters until they are written, and counts them.

    A record is written at least once: its offset is not committed before, so that a process which is killed reads
    and writes it again.

    Attributes:
        fault: The reason why the letters can't be written now; empty if they can.
        errors: Failed attempts to write.
        written: Letters that were written, by reason.
    """

    def __init__(self, writer: RecordWriter) -> None:
        self._writer = writer
        self._pending: list[Record] = []
        self._reasons: list[str] = []
        self._is_checked = False
        self.fault, self.errors = "", 0
        self.written: Counter[str] = Counter(dict.fromkeys((*(reason.value for reason in Reason), VIOLATION), 0))

    @property
    def pending(self) -> int:
        """Letters that are not written yet."""
        return len(self._pending)

    def put_rejected(self, record: Record, rejection: Rejection) -> None:
        """Add a record that can't be used."""
        self._put(record, rejection.reason.value, [("message", rejection.detail)])

    def put_violating(self, record: Record, violations: Sequence[Violation]) -> None:
        """Add a record that breaks the contract; each violation has headers of its own, in order."""
        own = [
            (name, text)
            for one in violations
            for name, text in (
                ("feature", one.feature),
                ("rule", one.rule.value),
                ("expected", one.expected),
                ("received", one.received),
                ("fix", one.fix),
            )
        ]
        self._put(record, VIOLATION, own)

    def _put(self, record: Record, reason: str, texts: Sequence[tuple[str, str]]) -> None:
        place = {"topic": record.topic, "partition": str(record.partition), "offset": str(record.offset)}
        headers = [(PREFIX + name, _header(text)) for name, text in [*place.items(), ("reason", reason), *texts]]
        self._pending.append(record._replace(headers=[*record.headers, *headers]))
        self._reasons.append(reason)

    def write(self) -> None:
        """Write all that is pending; the first time, check at least that the topic can be written to.

        Raises:
            SinkError: It can't be written now; it stays pending.
        """
        if self._is_checked and not self._pending:
            return
        try:
            # Rejections of a batch are found before its violations.
            self._writer.write(sorted(self._pending, key=lambda one: (one.topic, one.partition, one.offset)))
        except SinkError as error:
            self.fault, self.errors = str(error), self.errors + 1
            raise
        self.written.update(self._reasons)
        self._pending, self._reasons = [], []
        self._is_checked, self.fault = True, ""

    def close(self) -> None:
        """Release the writer."""
        self._writer.close()

    def state(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {"written": dict(self.written), "errors": self.errors}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self.written.update(state["written"])
        self.errors = state["errors"]


def _header(text: str) -> bytes:
    return text.encode(errors="replace")[:MAX_HEADER]
