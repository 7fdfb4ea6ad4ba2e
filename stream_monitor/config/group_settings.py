"""Settings of the comparison of groups."""

from __future__ import annotations

from stream_monitor.config.base import Settings, setting
from stream_monitor.config.value_types import Count, GroupPaths


class GroupSettings(Settings):
    """Settings of the comparison of groups."""

    group: GroupPaths = setting(
        {},
        "groups that are compared, such as sex=groups.sex, or in bins age=features.age:30,50; repeatable",
        "NAME=PATH[:EDGE,EDGE...]",
    )
    group_intersections: bool = setting(
        False, "compare the intersection of all groups, too; its first 20 values, the rest as other", ""
    )
    group_min_count: Count = setting(
        100, "predictions, or outcomes, below which a group is shown but left out of the gaps", "COUNT"
    )
    positive: str | None = setting(
        None,
        "class whose share is compared between groups, as the favourable one; by default --positive-class",
        "CLASS",
        min_length=1,
    )
