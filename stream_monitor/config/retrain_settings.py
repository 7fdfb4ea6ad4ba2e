"""Settings of retraining."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, field_validator

from stream_monitor.actions.retrain_policy import POLICIES, OnLabels, OnPerformance, OnSchedule, parse_policy
from stream_monitor.config.base import Settings, setting
from stream_monitor.config.units import Duration
from stream_monitor.config.value_types import split_list
from stream_monitor.core.quantities import duration_text
from stream_monitor.core.spec_grammar import usages


def _check_policies(texts: list[str]) -> list[str]:
    limits: dict[str, float] = {}
    for text in texts:
        config = parse_policy(text).config
        if not isinstance(config, OnPerformance):
            continue
        for name, limit in config.model_dump(include={"below", "above"}, exclude_none=True).items():
            if limits.setdefault(name, limit) != limit:
                raise ValueError(f"performance:{name} is {limits[name]:g} and {limit:g}; allowed: one of them")
    return texts


PolicyTexts = Annotated[list[str], BeforeValidator(split_list), AfterValidator(_check_policies)]


class RetrainSettings(Settings):
    """Settings of retraining."""

    retrain_on: PolicyTexts = setting(
        [],
        "reason for which a request to retrain the champion is made; several are combined by or; repeatable "
        f"({usages(POLICIES)})",
        "[SIGNAL=]KIND[:PARAMETER=VALUE,...]",
    )
    retrain_cooldown: Duration = setting(
        "24h", "event time between two requests for one model", "DURATION", validate_default=True
    )
    retrain_min_labels: int = setting(
        0, "labelled events, since the last request, without which there is no request", "COUNT", ge=0
    )
    retrain_timeout: Duration = setting(
        "7d",
        "event time for which a request is open at most, during which there is no other one; the first sight of a "
        "new version ends it",
        "DURATION",
        validate_default=True,
        gt=0,
    )

    @field_validator("retrain_on")
    @classmethod
    def _is_of_task(cls, texts: list[str], info: ValidationInfo) -> list[str]:
        wrong, right = ("below", "above") if info.data.get("task") == "regression" else ("above", "below")
        for text in texts:
            if getattr(parse_policy(text).config, wrong, None) is not None:
                measure = "accuracy" if wrong == "below" else "the mean absolute error"
                raise ValueError(
                    f"{text!r}: {measure} is no measure of --task {info.data['task']}; "
                    f"allowed: performance:{right}=LIMIT"
                )
        return texts

    @field_validator("retrain_cooldown")
    @classmethod
    def _is_met_by_schedules(cls, cooldown: float, info: ValidationInfo) -> float:
        for text in info.data.get("retrain_on", ()):
            config = parse_policy(text).config
            if isinstance(config, OnSchedule) and config.every < cooldown:
                raise ValueError(
                    f"{duration_text(cooldown)} is longer than the time of {text!r}; "
                    f"allowed: at most {duration_text(config.every)}"
                )
        return cooldown

    @field_validator("retrain_min_labels")
    @classmethod
    def _is_met_by_counts(cls, count: int, info: ValidationInfo) -> int:
        for text in info.data.get("retrain_on", ()):
            config = parse_policy(text).config
            if isinstance(config, OnLabels) and config.count < count:
                raise ValueError(f"{count} is more than the count of {text!r}; allowed: at most {config.count}")
        return count
