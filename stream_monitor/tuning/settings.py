"""The settings of ``stream-monitor tune``."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from stream_monitor.config.base import setting
from stream_monitor.config.settings import ReplayConfig
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
    """The settings of ``stream-monitor tune``: those of ``replay`` and its own."""

    detector: DetectorTexts = setting(
        [],
        "a detector to try, by itself; repeatable. By default glr at each of --try-run-length, and adwin and "
        "page_hinkley at the requested run length and with some fixed parameters",
        "[SIGNAL=]KIND[:PARAMETER=VALUE,...]",
    )
    expected_run_length: Expected = setting(
        "1000000",
        "requested mean number of events, or time, between two false alarms of the whole model",
        "EVENTS|DURATION",
        validate_default=True,
    )
    try_run_length: Annotated[list[Expected], BeforeValidator(split_commas)] = setting(
        ["10000", "100000", "1000000", "10000000"],
        "a run length to try besides the requested one; repeatable",
        "EVENTS|DURATION",
        validate_default=True,
    )
    try_warmup: Annotated[list[int], BeforeValidator(split_commas), AfterValidator(_check_warmups)] = setting(
        [], "a warm-up to try; repeatable. By default that of --warmup alone", "COUNT"
    )
    try_seasonality: Annotated[list[str], BeforeValidator(split_commas), AfterValidator(_check_periods)] = setting(
        [],
        "a seasonality to try, of one period; repeatable, or with commas: 24h,7d are two. By default none, and that "
        "of --seasonality, or 24h, if it is auto or the times span three of its longest period",
        "none|auto|PERIOD",
    )
    max_events: Annotated[int, Field(ge=1)] = setting(
        200_000, "maximum number of predictions to read; memory grows with this times the signals", "COUNT"
    )
    sample_features: Count = setting(
        30, "maximum number of features to evaluate; of more, a random sample is taken", "COUNT"
    )
    surrogates: Count = setting(1, "surrogates of the recording; more estimate the false-alarm rate better", "COUNT")
    horizon: Annotated[int, Field(ge=100)] = setting(
        2000, "values of a signal after which an undetected change counts as missed", "COUNT"
    )
    seed: Annotated[int, Field(ge=0)] = setting(
        1, "seed of the random samples; the same seed gives the same output", "NUMBER"
    )
