"""What is tried: detectors, run lengths, warm-ups, seasonalities."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

from stream_monitor.config.units import RunLength, parse_seasonality
from stream_monitor.core.errors import ConfigError
from stream_monitor.detectors.spec import DetectorSpec, parse_spec, select
from stream_monitor.monitors.rate import MIN_RUN
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.tuning.recording import Recording
from stream_monitor.tuning.settings import TuneConfig

#: Events between false alarms where times tell no rate.
UNKNOWN_RATE = MonitorSettings.run_length
DAY = 86_400.0
#: Periods that times must span for a season to be tried: one is waited for, the others are judged.
MIN_PERIODS = 3.0
#: Tried beside glr where no detector is named; without parameters, at the run length wanted.
OTHERS = (
    "adwin",
    "adwin:delta=0.02",
    "adwin:delta=0.002",
    "page_hinkley",
    "page_hinkley:threshold=50",
    "page_hinkley:threshold=200",
)


class Candidate(NamedTuple):
    """One way to watch a model. ``promised``: events between false alarms by its budget, None where it has none."""

    detector: str
    run_length: RunLength
    events: float
    warmup: int
    seasonality: str
    promised: float | None

    @property
    def spec(self) -> DetectorSpec:
        return parse_spec(self.detector)

    @property
    def season(self) -> float | None:
        """Its period in seconds, 0 for none, None where it is found out."""
        return parse_seasonality(self.seasonality)

    @property
    def flags(self) -> str:
        """What `run` and `replay` are told."""
        asked = ["--expected-run-length", str(self.run_length)] if self.promised else []
        rest = ["--warmup", str(self.warmup), "--seasonality", self.seasonality]
        return shlex.join(["--detector", self.detector, *asked, *rest])


def candidates(config: TuneConfig, recording: Recording) -> list[Candidate]:
    """All that is tried, in the order of the table."""
    names = [signal.name for signal in recording.signals]
    for text in config.detector:
        if not any(_watches(parse_spec(text), name) for name in names):
            signal = parse_spec(text).signal
            raise ConfigError(f"--detector: no signal {signal!r} in the recording; there are {_listed(names)}")
    rate = recording.rate
    warmups = config.try_warmup or [config.warmup]
    found = [
        Candidate(detector, length, in_events(length, rate), warmup, season, _promised(detector, length, rate))
        for warmup, season in product(dict.fromkeys(warmups), seasons(config, recording))
        for detector, length in _detectors(config, rate)
    ]
    return list(dict.fromkeys(found))


def in_events(length: RunLength, rate: float | None) -> float:
    """A run length in events."""
    if length.events is not None:
        return length.events
    return max((length.seconds or 0.0) * rate, MIN_RUN) if rate else UNKNOWN_RATE


def seasons(config: TuneConfig, recording: Recording) -> list[str]:
    """The seasonalities to try."""
    if config.try_seasonality:
        return list(dict.fromkeys(config.try_seasonality))
    period = config.seasonality or DAY
    span = recording.ts[1] - recording.ts[0] if recording.ts else 0.0
    if config.seasonality is None or span >= MIN_PERIODS * period:
        return ["none", "auto" if config.seasonality is None else period_text(period)]
    return ["none"]


def surrogate_period(tried: Sequence[Candidate], recording: Recording) -> float:
    """The period whose season surrogates keep: the longest that is tried or usual, where times span three; else 0."""
    span = recording.ts[1] - recording.ts[0] if recording.ts else 0.0
    periods = {DAY, *(candidate.season or DAY for candidate in tried)}
    return max((period for period in periods if span >= MIN_PERIODS * period), default=0.0)


def period_text(seconds: float) -> str:
    """As people write it.

    >>> period_text(86_400.0), period_text(604_800.0), period_text(90.0)
    ('24h', '7d', '90s')
    """
    if seconds % DAY == 0 and seconds > DAY:
        return f"{seconds / DAY:g}d"
    return f"{seconds / 3600:g}h" if seconds % 3600 == 0 else f"{seconds:g}s"


def _detectors(config: TuneConfig, rate: float | None) -> Iterator[tuple[str, RunLength]]:
    """Each detector at each run length that it can be asked for."""
    wanted = config.expected_run_length
    lengths = sorted({wanted, *config.try_run_length}, key=lambda each: in_events(each, rate))
    for detector in config.detector or ["glr", *OTHERS]:
        is_alone = _is_fixed(detector) or (not config.detector and detector != "glr")
        for length in [wanted] if is_alone else lengths:
            yield detector, length


def _promised(detector: str, length: RunLength, rate: float | None) -> float | None:
    return None if _is_fixed(detector) else in_events(length, rate)


def _is_fixed(detector: str) -> bool:
    """Whether its false alarms don't follow from a run length."""
    config = parse_spec(detector).config
    return config.budgeted is None or config.budgeted in config.model_fields_set


def _watches(spec: DetectorSpec, name: str) -> bool:
    return bool(select([spec], name))


def _listed(names: Sequence[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
