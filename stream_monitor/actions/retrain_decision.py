"""The decision to ask for a retraining of one model."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from stream_monitor.actions.episode_message import change
from stream_monitor.actions.retrain_policy import OnLabels, OnPerformance, OnSchedule, PolicyConfig, RetrainPolicy
from stream_monitor.actions.retrain_request import Reason, RetrainRequest, WindowPerformance
from stream_monitor.core.events import Detection, ModelVersion, Task
from stream_monitor.core.formatting import counted, percent, period_text, short
from stream_monitor.drift.episode import episode_id
from stream_monitor.drift.episode_signal import EpisodeSignal
from stream_monitor.performance.version_event import VersionEvent

#: Detections that a request tells of.
MAX_DETECTIONS = 100
#: Episodes that are remembered, so that none is a reason twice.
MAX_EPISODES = 1_000
#: Outcomes between two looks at performance and at the number of labelled events, at most.
MAX_STEP = 100

_Config = TypeVar("_Config", bound=PolicyConfig)


@dataclass(frozen=True)
class RetrainSettings:
    """The settings of retraining.

    Attributes:
        policies: The policies; each of them may ask for a retraining.
        cooldown: Seconds of event time between two requests for one model.
        min_labels: Labelled events between two requests for one model.
        timeout: Seconds of event time after which a request without a new version is open no more.
        task: The kind of model.
        window: Outcomes over which performance is taken.
    """

    policies: Sequence[RetrainPolicy] = ()
    cooldown: float = 86_400.0
    min_labels: int = 0
    timeout: float = 7 * 86_400.0
    task: Task = "classification"
    window: int = 1000

    @property
    def step(self) -> int:
        """Outcomes between two looks."""
        return max(min(self.window // 10, MAX_STEP), 1)

    def of(self, kind: type[_Config]) -> Iterator[tuple[RetrainPolicy, _Config]]:
        """Yield the policies of a kind, each with its config."""
        for policy in self.policies:
            if isinstance(policy.config, kind):
                yield policy, policy.config


class RetrainDecision:
    """Decides when to ask for a retraining of one model.

    The reasons are those of the champion. A reason waits while a request is open, and for the cool-down and the
    labels that a request needs. A request is open until a version is seen for the first time, or for the time-out.
    When a version is seen for the first time or becomes the champion, the reasons of before are dropped.

    Args:
        model: The model.
        settings: The settings.

    Attributes:
        champion: The version whose reasons count, None before the first prediction.
        is_open: Whether a request waits for a new version.
        reasons: The reasons that no request has told yet, by policy.
        labels: Labelled events since the last request, or since the first prediction.
        requests: Requests so far.
    """

    def __init__(self, model: str, settings: RetrainSettings) -> None:
        self._model, self._settings = model, settings
        self.champion: str | None = None
        self.is_open = False
        self.reasons: dict[str, Reason] = {}
        self.labels = self.requests = 0
        self._detections: deque[Detection] = deque(maxlen=MAX_DETECTIONS)
        self._episodes: set[str] = set()
        #: The policies that an episode was a reason for, with its id.
        self._told: deque[tuple[str, str]] = deque(maxlen=MAX_EPISODES)
        #: Stream time of the first prediction and of the last request; -inf before.
        self._began = self._requested = -math.inf

    def see(self, event: VersionEvent) -> None:
        """Take what has happened to a version."""
        if event.event not in ("version_first_seen", "promotion"):
            return
        self.champion = event.champion
        self._forget()
        if event.event == "version_first_seen":
            self.is_open = False

    def detect(self, one: Detection, index: int, now: float) -> None:
        """Take a detection of any version; an episode is a reason once."""
        policies = [policy for policy in self._settings.policies if policy.is_on(one.signal)]
        if one.version != self.champion or not policies:
            return
        episode = episode_id(one)
        for policy in policies:
            if (policy.text, episode) not in self._told:
                self._told.append((policy.text, episode))
                self._add(policy, f"{one.kind} in {one.signal}: {change(EpisodeSignal.begun_by(one))}", index, now)
                self._episodes.add(episode)
        if episode in self._episodes:
            self._detections.append(one)

    def look(self, performance: WindowPerformance | None, index: int, now: float) -> None:
        """Look at the champion's performance and at the number of labelled events."""
        for policy, limit in self._settings.of(OnPerformance):
            if performance and (told := _beyond(performance, limit)):
                self._add(policy, told, index, now)
            else:
                self.reasons.pop(policy.text, None)
        for policy, config in self._settings.of(OnLabels):
            if self.labels >= config.count:
                self._add(policy, f"{counted(self.labels, 'labelled event')} {self._since}", index, now)

    def due(self, now: float) -> float | None:
        """Return the next stream time after this one at which a decision may change, None if there is none."""
        times = [self._base + config.every for _, config in self._settings.of(OnSchedule)]
        times += [self._requested + self._settings.cooldown, self._requested + self._settings.timeout]
        return min((time for time in times if time > now), default=None)

    def decide(
        self, index: int, now: float, performance: Callable[[], Sequence[WindowPerformance]]
    ) -> RetrainRequest | None:
        """Return a request if there is to be one.

        Args:
            index: Position of the newest prediction of the model.
            now: Stream time there, in seconds; -inf before any is known.
            performance: Returns that of each version.
        """
        self._began = now if self._began == -math.inf else self._began
        for policy, config in self._settings.of(OnSchedule):
            if now >= self._base + config.every > -math.inf:
                self._add(policy, f"{period_text(config.every)} {self._since}", index, now)
        if self._is_past(self._settings.timeout, now):
            self.is_open = False
        is_ready = not self.is_open and self._is_cool(now) and self.labels >= self._settings.min_labels
        if not (is_ready and self.reasons and self.champion):
            return None
        request = RetrainRequest(
            ModelVersion(self._model, self.champion),
            index,
            _known(now),
            list(self.reasons.values()),
            list(self._detections),
            performance(),
            self.labels,
        )
        self._close(now)
        return request

    def _close(self, now: float) -> None:
        """Begin anew after a request."""
        self.is_open, self._requested = True, now
        self.requests += 1
        self.labels = 0
        self._forget()

    def _forget(self) -> None:
        """Drop the reasons, with the episodes that are among them."""
        self.reasons = {}
        self._episodes.clear()
        self._detections.clear()

    @property
    def _base(self) -> float:
        return self._requested if self.requests else self._began

    @property
    def _since(self) -> str:
        return "since the last request" if self.requests else "since the first prediction"

    def _is_cool(self, now: float) -> bool:
        """Return whether the cool-down is over; where events have no time it never is, unless it is 0."""
        cooldown = self._settings.cooldown
        return not (self.requests and cooldown) or self._is_past(cooldown, now)

    def _is_past(self, seconds: float, now: float) -> bool:
        """Return whether so many seconds have passed since the last request; not known without a time."""
        return now > -math.inf and now >= self._requested + seconds

    def _add(self, policy: RetrainPolicy, text: str, index: int, now: float) -> None:
        self.reasons.setdefault(policy.text, Reason(policy.text, text, index, _known(now)))

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "champion": self.champion,
            "is_open": self.is_open,
            "reasons": list(self.reasons.values()),
            "labels": self.labels,
            "requests": self.requests,
            "detections": list(self._detections),
            "episodes": sorted(self._episodes),
            "told": list(self._told),
            "began": _known(self._began),
            "requested": _known(self._requested),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned; the reasons of policies that are gone are dropped."""
        self.champion, self.is_open = state["champion"], state["is_open"]
        policies = {policy.text for policy in self._settings.policies}
        self.reasons = {saved[0]: Reason(*saved) for saved in state["reasons"] if saved[0] in policies}
        self.labels, self.requests = state["labels"], state["requests"]
        self._detections.extend(Detection(*saved) for saved in state["detections"])
        self._episodes.update(state["episodes"])
        self._told.extend((policy, episode) for policy, episode in state["told"])
        began, requested = state["began"], state["requested"]
        self._began = -math.inf if began is None else began
        self._requested = -math.inf if requested is None else requested


def _beyond(performance: WindowPerformance, limit: OnPerformance) -> str:
    """Return what a performance beyond a limit is told as; empty if it may lie within."""
    (lower, upper), over = performance.interval, f"over {counted(performance.outcomes, 'outcome')}"
    if limit.below is not None and performance.measure == "accuracy" and upper < limit.below:
        bounds = f"95 % interval {percent(lower)} to {percent(upper)}"
        return f"accuracy {percent(performance.value)} ({bounds}) {over} is below {percent(limit.below)}"
    if limit.above is not None and performance.measure == "mae" and lower > limit.above:
        bounds = f"95 % interval {short(lower, 4)} to {short(upper, 4)}"
        return f"mean error {short(performance.value, 4)} ({bounds}) {over} is above {short(limit.above)}"
    return ""


def _known(time: float) -> float | None:
    return time if math.isfinite(time) else None
