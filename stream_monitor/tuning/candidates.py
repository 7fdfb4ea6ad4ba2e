"""The candidates to evaluate: combinations of detector, run length, warm-up and seasonality."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

from stream_monitor.config.units import RunLength, parse_seasonality
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.formatting import period_text
from stream_monitor.detectors.spec import DetectorSpec, parse_spec, select
from stream_monitor.monitors.rate import MIN_RUN
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.tuning.recording import Recording
from stream_monitor.tuning.settings import TuneConfig

#: The run length in events if the recording has no times from which to compute a rate.
DEFAULT_RUN_LENGTH = MonitorSettings.run_length
DAY = 86_400.0
#: The number of periods that a recording must span for a seasonality to be tried: one to learn, two to evaluate it.
MIN_PERIODS = 3.0
#: The detectors tried besides glr if none is specified; those without parameters at the requested run length.
OTHERS = (
    "adwin",
    "adwin:delta=0.02",
    "adwin:delta=0.002",
    "page_hinkley",
    "page_hinkley:threshold=50",
    "page_hinkley:threshold=200",
)


class Candidate(NamedTuple):
    """One configuration to evaluate.

    Attributes:
        detector: The specification of the detector, as for --detector.
        run_length: The value of --expected-run-length.
        events: The same in events.
        warmup: The length of the warm-up in values.
        seasonality: The value of --seasonality.
        promised: The expected number of events between false alarms, if the detector's parameters are computed from
            the budget, else None.
    """

    detector: str
    run_length: RunLength
    events: float
    warmup: int
    seasonality: str
    promised: float | None

    @property
    def spec(self) -> DetectorSpec:
        """The parsed detector."""
        return parse_spec(self.detector)

    @property
    def season(self) -> tuple[float, ...] | None:
        """The periods in seconds; () without seasonality, None for automatic detection."""
        return parse_seasonality(self.seasonality)

    @property
    def flags(self) -> str:
        """The flags of `run` and `replay` for this configuration."""
        asked = ["--expected-run-length", str(self.run_length)] if self.promised else []
        rest = ["--warmup", str(self.warmup), "--seasonality", self.seasonality]
        return shlex.join(["--detector", self.detector, *asked, *rest])


def candidates(config: TuneConfig, recording: Recording) -> list[Candidate]:
    """Return all candidates, in the order of the table.

    Raises:
        ConfigError: A detector is for a signal that the recording does not have.
    """
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
    """Convert a run length to events.

    Args:
        length: The run length, in events or as a duration.
        rate: The number of events per second, None if it is not known.
    """
    if length.events is not None:
        return length.events
    return max((length.seconds or 0.0) * rate, MIN_RUN) if rate else DEFAULT_RUN_LENGTH


def seasons(config: TuneConfig, recording: Recording) -> list[str]:
    """Return the values of --seasonality to try."""
    if config.try_seasonality:
        return list(dict.fromkeys(config.try_seasonality))
    given = config.seasonality
    longest = max(given or (DAY,))
    span = recording.ts[1] - recording.ts[0] if recording.ts else 0.0
    if given is None or span >= MIN_PERIODS * longest:
        return ["none", "auto" if given is None else ",".join(map(period_text, given or (DAY,)))]
    return ["none"]


def surrogate_period(tried: Sequence[Candidate], recording: Recording) -> float:
    """Return the period in seconds of the seasonality that surrogates preserve.

    It is the longest of a day and the candidates' periods of which the recording spans three; 0 if there is none.
    """
    span = recording.ts[1] - recording.ts[0] if recording.ts else 0.0
    periods = {DAY, *(period for candidate in tried for period in candidate.season or ())}
    return max((period for period in periods if span >= MIN_PERIODS * period), default=0.0)


def _detectors(config: TuneConfig, rate: float | None) -> Iterator[tuple[str, RunLength]]:
    """Yield each detector with each run length that applies to it."""
    wanted = config.expected_run_length
    lengths = sorted({wanted, *config.try_run_length}, key=lambda each: in_events(each, rate))
    for detector in config.detector or ["glr", *OTHERS]:
        is_alone = _is_fixed(detector) or (not config.detector and detector != "glr")
        for length in [wanted] if is_alone else lengths:
            yield detector, length


def _promised(detector: str, length: RunLength, rate: float | None) -> float | None:
    return None if _is_fixed(detector) else in_events(length, rate)


def _is_fixed(detector: str) -> bool:
    """Return True if the detector's false-alarm rate does not depend on the requested run length."""
    config = parse_spec(detector).config
    return config.budgeted is None or config.budgeted in config.model_fields_set


def _watches(spec: DetectorSpec, name: str) -> bool:
    return bool(select([spec], name))


def _listed(names: Sequence[str], limit: int = 12) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
