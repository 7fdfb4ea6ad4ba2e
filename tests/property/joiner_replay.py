"""Replays of the same steps to a joiner that is saved and restarted, and to one that never is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from stream_monitor.core.events import Label, Prediction
from stream_monitor.join.joiner import Joiner
from tests.property.joiner_driver import (
    CatchUp,
    Predict,
    Prefetch,
    Restart,
    Restoring,
    Revoke,
    Save,
    Step,
    Store,
    Tell,
    catch_up,
)


class Replay:
    """The answers of a joiner to each step; unlike the naive one, it may be behind with due work."""

    def __init__(self, steps: Sequence[Step], start: float, **settings: Any) -> None:
        last = [Tell("last", "yes", None, None, 1e7, ("last", 0), False)] * 3
        self._steps = [Restoring([]), *steps, Restoring([]), *last, CatchUp(3)]
        self._settings, self._times, now = settings, list[float | None](), start
        for step in self._steps:
            seconds = step.step if isinstance(step, Predict | Tell) else None
            self._times.append(None if seconds is None else now + seconds)
            now += max(seconds or 0.0, 0.0)

    def answers(self, store: Store, restarts: bool = False) -> list[Any]:
        """Return the visible state after each step; with restarts, only after steps that were not undone."""
        joiner, answers, at, saved = Joiner(store.table, **self._settings), dict[int, Any](), 0, 0
        done: set[int] = set()
        while at < len(self._steps):
            step = self._steps[at]
            if isinstance(step, Save) and restarts:
                store.save(joiner.state())
                saved = at
            elif isinstance(step, Restart) and restarts and at not in done:
                done.add(at)
                state, at = store.restart(), saved
                joiner = Joiner(store.table, **self._settings)
                if state:
                    joiner.restore(state)
                joiner.events.restoring = [
                    one.partitions for one in self._steps[: at + 1] if isinstance(one, Restoring)
                ][-1]
                continue
            elif not isinstance(step, Save | Restart):
                answers[at] = self._answer(joiner, step, self._times[at])
            at += 1
        assert joiner.waiting == joiner.waiting_labels <= 1
        events = [step for step in self._steps if isinstance(step, Predict | Tell) and not step.restored]
        assert joiner.ledger.unaccounted(len(events), 0, joiner.waiting) == 0
        return [answers[at] for at in sorted(answers)]

    def _answer(self, joiner: Joiner, step: Step, ts: float | None) -> Any:
        taken = None
        match step:
            case Predict():
                event = Prediction(step.id, ts, step.key, "yes", {}, y_true=step.y_true, subgroup=step.id)
                taken = joiner.events.predict(event, 0, step.partition, step.restored)
            case Tell():
                label = Label(step.id, ts, step.y_true, step.model, step.version)
                taken = joiner.events.label(label, step.partition, step.restored)
            case Revoke():
                joiner.revoke(step.partitions)
            case Restoring():
                joiner.events.restoring = step.partitions
            case CatchUp():
                catch_up(joiner, step.most)
            case Prefetch():
                joiner.events.prefetch(step.identities)
        waiting = joiner.waiting_predictions, joiner.waiting_labels, joiner.waiting_outcomes
        return taken, repr(joiner.take_outcomes()), asdict(joiner.ledger), waiting, joiner.stream_time
