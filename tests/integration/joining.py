"""A member that joins labels to predictions as plainly as can be, and keeps its state over its lives."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from stream_monitor.core.records import Record, TopicPartition
from stream_monitor.sources.base import AppliedOffset
from tests.brokers import Broker
from tests.integration.members import Member

State = tuple[dict[bytes, TopicPartition], dict[bytes, TopicPartition], list[bytes]]


class Joining:
    """Counts a pair when both of it are here and not both of it were read again: those were counted elsewhere.

    Its ``saved`` state is what a disk would have: a life that is killed leaves no more.
    """

    def __init__(self, broker: Broker, topics: tuple[str, str], **settings: Any) -> None:
        self._broker, self._topics, self._settings = broker, topics, settings
        self._saved: tuple[list[AppliedOffset], str, State] = ([], "", ({}, {}, []))
        self.member: Member | None = None
        self._waiting, self._early, self.counted = self._saved[2]

    def start(self) -> None:
        """Begin a life with what was saved in the last one."""
        reached, owner, state = self._saved
        self._waiting, self._early, self.counted = deepcopy(state)
        settings = {"labels": [self._topics[1]], "restore_window": 10.0**6, **self._settings}
        self.member = Member(self._broker, self._topics, saved=reached, owner=owner, **settings)
        self.member.source.revoked = self._depart
        self.member.source.before_commit = self._save

    def step(self) -> None:
        """A poll, and what comes of it."""
        if self.member:
            before = len(self.member.order)
            restored = len(self.member.restored)
            self.member.step(0.03)
            again = {id(record) for record in self.member.restored[restored:]}
            for record in self.member.order[before:]:
                self._take(record, id(record) in again)

    def stop(self) -> None:
        """End this life well."""
        if self.member:
            self.member.close()
        self.member = None

    def kill(self) -> None:
        """End it otherwise."""
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

    def _depart(self, places: list[TopicPartition]) -> None:
        for kept in (self._waiting, self._early):
            for key in [key for key, place in kept.items() if place in places]:
                del kept[key]

    def _save(self, reached: list[AppliedOffset]) -> None:
        assert self.member
        self._saved = list(reached), self.member.source.owner, deepcopy((self._waiting, self._early, self.counted))
