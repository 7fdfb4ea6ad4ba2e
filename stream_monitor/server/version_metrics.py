"""The metrics of the versions of a model side by side."""

from __future__ import annotations

from stream_monitor.server.metric import VERSION, metric

VERSION_SHARE = metric(
    "version_traffic_ratio",
    "gauge",
    "Share of a version in its model's newest 1,000 to 2,000 predictions.",
    *VERSION,
)
VERSION_FIRST_SEEN = metric(
    "version_first_seen_timestamp_seconds", "gauge", "Event time of a version's first prediction.", *VERSION
)
VERSION_LAST_SEEN = metric(
    "version_last_seen_timestamp_seconds", "gauge", "Event time of a version's last prediction.", *VERSION
)
CHAMPION = metric("version_champion", "gauge", "1 for the version that the others are compared with.", *VERSION)
_PAIR = ("model", "champion", "challenger")
VERSION_DIFFERENCE = metric(
    "version_difference",
    "gauge",
    "Challenger less champion, with 95 % bounds that hold at all times at once: of accuracy, or Cliff's delta of the "
    "absolute errors; above 0 the challenger is better.",
    *_PAIR,
    "measure",
    "bound",
)
VERSION_VERDICT = metric(
    "version_verdict", "gauge", "1 for a challenger's verdict: better, worse or undecided.", *_PAIR, "verdict"
)
ROLLBACK = metric(
    "rollback_recommended",
    "gauge",
    "1 for a version that is worse than the champion, or a champion that is worse than a version before it.",
    *VERSION,
)
SPLIT_P_VALUE = metric(
    "traffic_split_p_value",
    "gauge",
    "p-value of the split of traffic that --traffic-split declares, at all times at once; small: it is another.",
    "model",
)
DEPLOYMENTS = metric(
    "deployments_total",
    "counter",
    "Versions that a verdict favoured and --promote-git has dealt with: pushed; offered on a branch; unchanged, the "
    "file had the version; left, as somebody else had changed it; superseded by a newer verdict.",
    "outcome",
)
DEPLOYMENT_FAILURES = metric(
    "deployment_failures_total", "counter", "Failed attempts of --promote-git, which are repeated.", "reason"
)
DEPLOYMENTS_WAITING = metric("deployments_waiting", "gauge", "Versions that --promote-git has yet to deploy.")

#: All of them, in the order of the page.
VERSION_METRICS = (
    VERSION_SHARE,
    VERSION_FIRST_SEEN,
    VERSION_LAST_SEEN,
    CHAMPION,
    VERSION_DIFFERENCE,
    VERSION_VERDICT,
    ROLLBACK,
    SPLIT_P_VALUE,
    DEPLOYMENTS,
    DEPLOYMENT_FAILURES,
    DEPLOYMENTS_WAITING,
)
