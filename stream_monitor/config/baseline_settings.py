"""Settings of the baselines beside the model."""

from __future__ import annotations

from pydantic import ValidationInfo, field_validator

from stream_monitor.config.base import Settings, setting
from stream_monitor.config.units import Share
from stream_monitor.config.value_types import PayoffText
from stream_monitor.performance.baseline import BaselineKind


class BaselineSettings(Settings):
    """Settings of the baselines beside the model."""

    baseline: BaselineKind = setting(
        "trivial",
        "baselines that predict beside the model: trivial, the majority class (of a regression, the running mean) "
        "and the last label",
        "none|trivial",
    )
    baseline_min_skill: Share = setting(
        "5%",
        "share of a baseline's errors that the model must avoid to be worth more; if it certainly avoids fewer, it "
        "is told to be no better",
        "SHARE",
        validate_default=True,
    )
    payoff: PayoffText = setting(
        None,
        "value of an outcome in your unit by prediction and label, such as 'yes,yes=10;yes,no=-5'; of all others 0",
        "PREDICTED,TRUE=VALUE;...",
    )

    @field_validator("payoff")
    @classmethod
    def _of_classes(cls, payoff: str | None, info: ValidationInfo) -> str | None:
        if payoff is not None and info.data.get("task") == "regression":
            raise ValueError("is for classes; allowed with --task classification only")
        return payoff
