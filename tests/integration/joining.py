"""A group member with a minimal join of labels and predictions, whose state is kept over restarts."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from stream_monitor.core.records import Record, TopicPartition
from stream_monitor.sources.base import AppliedOffset
from tests.brokers import Broker
from tests.integration.members import Member

State = tuple[dict[bytes, TopicPartition], dict[bytes, TopicPartition], list[bytes]]


class Joining:
    """Counts each pair of prediction and label, except those of which both are restored: counted elsewhere.

    The saved state stands for a disk: only that is left after `kill`.
    """

    def __init__(self, broker: Broker, topics: tuple[str, str], **settings: Any) -> None:
        self._broker, self._topics, self._settings = broker, topics, settings
        self._saved: tuple[list[AppliedOffset], str, State] = ([], "", ({}, {}, []))
        self.member: Member | None = None
        self._waiting, self._early, self.counted = self._saved[2]

    def start(self) -> None:
        """Start with the state that was saved last."""
        applied, owner, state = self._saved
        self._waiting, self._early, self.counted = deepcopy(state)
        settings = {"labels": [self._topics[1]], "restore_window": 10.0**6, **self._settings}
        self.member = Member(self._broker, self._topics, saved=applied, owner=owner, **settings)
        self.member.source.revoked = self._revoke
        self.member.source.before_commit = self._save

    def step(self) -> None:
        """Poll once, and join the records."""
        if self.member:
            before = len(self.member.order)
            restored = len(self.member.restored)
            self.member.step(0.03)
            again = {id(record) for record in self.member.restored[restored:]}
            for record in self.member.order[before:]:
                self._take(record, id(record) in again)

    def stop(self) -> None:
        """Stop cleanly: save and commit."""
        if self.member:
            self.member.close()
        self.member = None

    def kill(self) -> None:
        """Stop without saving, as if killed."""
        if self.member:
            self.member.kill()
        self.member = None
        self.counted = self._saved[2][2]

    def _take(self, record: Record, again: bool) -> None:
        here, there = self._waiting, self._early
        if record.topic == self._topics[1]:
            here, there = there, here
        assert record.key is not None
        if record.key not in there:
            here[record.key] = (record.topic, record.partition)
        else:
            del there[record.key]
            self.counted += [] if again else [record.key]

    def _revoke(self, partitions: list[TopicPartition]) -> None:
        for kept in (self._waiting, self._early):
            for key in [key for key, partition in kept.items() if partition in partitions]:
                del kept[key]

    def _save(self, applied: list[AppliedOffset]) -> None:
        assert self.member
        self._saved = list(applied), self.member.source.owner, deepcopy((self._waiting, self._early, self.counted))
