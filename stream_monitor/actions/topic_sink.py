"""Notices as records of a topic."""

from __future__ import annotations

from stream_monitor.actions.cloud_event import CONTENT_TYPE, encoded
from stream_monitor.actions.notice import Notice
from stream_monitor.contract.dead_letters import RecordWriter
from stream_monitor.core.records import Record


class TopicSink:
    """Writes each notice as a record whose key is the model, so that those of one model stay in order.

    Args:
        topic: The name of the topic.
        writer: Writes to it.
        source: The source of the events.
    """

    def __init__(self, topic: str, writer: RecordWriter, source: str) -> None:
        self._topic, self._writer, self._source = topic, writer, source

    def send(self, notice: Notice) -> None:
        """Write one notice.

        Raises:
            SinkError: It can't be written now.
        """
        headers = [("content-type", CONTENT_TYPE.encode())]
        value, key = encoded(notice, self._source), notice.model.encode(errors="replace")
        self._writer.write([Record(self._topic, 0, value, None, key, headers)])

    def close(self) -> None:
        """Release the writer."""
        self._writer.close()
