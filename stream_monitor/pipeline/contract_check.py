"""The check of predictions against the input contract."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from stream_monitor.contract.columns import ColumnValidator
from stream_monitor.contract.dead_letters import DeadLetters
from stream_monitor.contract.input_contract import InputContract
from stream_monitor.contract.tally import Example, violation_of
from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.clock import Clock
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import Features, Prediction
from stream_monitor.core.ratelimit import RateLimit
from stream_monitor.core.records import Record
from stream_monitor.core.violations import FeatureRule
from stream_monitor.decoding.codec import Codec

logger = logging.getLogger(__name__)

#: Log lines about rules that are broken for the first time, in a minute.
MAX_WARNINGS = 10


class ContractCheck:
    """Validates the features of predictions, and keeps the first violation of each rule.

    Attributes:
        examples: The first violation of each rule that is broken; its row is the record's offset and one.

    Args:
        contract: The input contract.
        codec: Decodes the record of an example once more, for the values as received.
        clock: The time, for the rate of log lines.
        dead_letters: Takes the records that break the contract; None: nothing does.
    """

    def __init__(
        self, contract: InputContract, codec: Codec, clock: Clock, dead_letters: DeadLetters | None = None
    ) -> None:
        self._contract, self._codec, self._dead_letters = contract, codec, dead_letters
        self._validator = ColumnValidator(contract)
        self._warnings = RateLimit(clock, MAX_WARNINGS)
        self.examples: dict[FeatureRule, Example] = {}

    def is_received(self, name: str) -> bool:
        """Return whether a feature must be in the table as received."""
        return self._validator.is_received(name)

    def apply(self, batch: RecordBatch, predictions: PredictionBatch) -> PredictionBatch:
        """Return predictions with their violations; values of a wrong type are null.

        Args:
            batch: The records.
            predictions: Predictions of some of them.
        """
        features, violations = self._validator.validate(predictions.features)
        for place, rule in enumerate(violations.rules):
            if rule not in self.examples and violations.broken[:, place].any():
                self._keep(batch, int(predictions.at[np.argmax(violations.broken[:, place])]), rule)
        if self._dead_letters and violations.rules:
            for row in np.flatnonzero(violations.is_invalid()).tolist():
                record = batch.record(int(predictions.at[row]))
                self._dead_letters.put_violating(record, self._contract.check(self._features(record)))
        return replace(predictions, features=features, violations=violations)

    def _keep(self, batch: RecordBatch, at: int, rule: FeatureRule) -> None:
        """Keep and log the first violation of a rule, which the record in this row has."""
        record = batch.record(at)
        violation = violation_of(self._contract, self._features(record), rule)
        self.examples[rule] = Example(record.offset + 1, violation)
        if self._warnings.allow():
            where = f"{record.topic}[{record.partition}] offset {record.offset}"
            told = (violation.feature, violation.rule.value, where, violation.expected)
            logger.info("input contract: %s breaks the rule %s for the first time, at %s: expected %s", *told)

    def _features(self, record: Record) -> Features:
        """Return the features of a prediction's record as received."""
        replaced = self._codec.timestamps_replaced
        event = self._codec.decode(record)
        self._codec.timestamps_replaced = replaced
        assert isinstance(event, Prediction)
        return event.features
