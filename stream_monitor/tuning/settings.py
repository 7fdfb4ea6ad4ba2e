"""What ``stream-monitor tune`` can be told."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from stream_monitor.config.settings import ReplayConfig, setting
from stream_monitor.config.units import Expected, parse_seasonality
from stream_monitor.config.value_types import Count, DetectorTexts, split_commas


def _check_periods(texts: list[str]) -> list[str]:
    for text in texts:
        parse_seasonality(text)
    return texts


def _check_warmups(warmups: list[int]) -> list[int]:
    if any(warmup < 0 or warmup == 1 for warmup in warmups):
        raise ValueError("must be 0 or at least 2: one value has no spread")
    return warmups


class TuneConfig(ReplayConfig):
    """Everything that ``stream-monitor tune`` can be told."""

    detector: DetectorTexts = setting(
        [],
        "a detector to try, by itself; repeatable. By default glr at each of --try-run-length, and adwin and "
        "page_hinkley at the run length wanted and at some values of their own",
        "[SIGNAL=]KIND[:PARAMETER=VALUE,...]",
    )
    expected_run_length: Expected = setting(
        "1000000",
        "wanted: events, or time, between two false alarms of the whole model, on average",
        "EVENTS|DURATION",
        validate_default=True,
    )
    try_run_length: Annotated[list[Expected], BeforeValidator(split_commas)] = setting(
        ["10000", "100000", "1000000", "10000000"],
        "a run length to try beside the one wanted; repeatable",
        "EVENTS|DURATION",
        validate_default=True,
    )
    try_warmup: Annotated[list[int], BeforeValidator(split_commas), AfterValidator(_check_warmups)] = setting(
        [], "a warm-up to try; repeatable. By default that of --warmup alone", "COUNT"
    )
    try_seasonality: Annotated[list[str], BeforeValidator(split_commas), AfterValidator(_check_periods)] = setting(
        [],
        "a seasonality to try; repeatable. By default none, and where the times span three periods that of "
        "--seasonality, or 24h",
        "none|auto|PERIOD",
    )
    max_events: Annotated[int, Field(ge=1)] = setting(
        200_000, "predictions that are read, the first ones; memory grows with this times the signals", "COUNT"
    )
    sample_features: Count = setting(
        30, "features that are looked at; where there are more, so many are drawn", "COUNT"
    )
    surrogates: Count = setting(1, "surrogates of the recording: more judge false alarms better", "COUNT")
    horizon: Annotated[int, Field(ge=100)] = setting(
        2000, "values of a signal after which a change that was not found is missed", "COUNT"
    )
    seed: Annotated[int, Field(ge=0)] = setting(1, "of what is drawn: the same seed, the same output", "NUMBER")
