"""Snapshots as text in an exposition format of Prometheus.

With hundreds of signals there are tens of thousands of samples, and prometheus_client encodes one at a time. Here it
encodes one sample of each metric, in whichever format it was asked for; the others are copies of that line with their
own label values, which metrics of the same labels share, and their own number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import orjson
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.server.catalog import CATALOG
from stream_monitor.server.metric import Metric
from stream_monitor.server.samples import label_delays, samples

#: Encodes the families of a collector, as prometheus_client's ``choose_encoder`` gives it.
Encode = Callable[[Collector], bytes]

_number: Callable[[float], str] = floatToGoString
#: The range of absolute values in which JSON and Go write numbers alike: without an exponent.
MIN_PLAIN, MIN_LARGE = 1e-4, 1e6
#: Different label values whose text is kept from one scrape to the next.
MAX_LABELS = 100_000
_SCALARS = tuple(metric for metric in CATALOG if metric.kind != "histogram")
#: The end of the whole text in OpenMetrics.
_END = b"# EOF\n"
#: The value of a label in an encoded line: the number of the label name.
_PLACE = re.compile('"([0-9]+)"')


class Exposition:
    """Writes snapshots as text; keeps the text of label values, most of which come again with the next snapshot."""

    def __init__(self) -> None:
        self._labels: dict[str, _Labels] = {}

    def text(self, snapshot: Snapshot, encode: Encode) -> bytes:
        """Return the metrics of a snapshot as text, without the end that OpenMetrics has.

        Args:
            snapshot: What is shown.
            encode: The encoder of the format.
        """
        texts = {metric.name: text for metric, text in zip(_SCALARS, self._texts(encode), strict=True)}
        for metric, labels, value in samples(snapshot):
            text = texts[metric.name]
            text.labels.append(text.known[labels])
            text.values.append(value)
        scalars = "".join(text.lines() for text in texts.values()).encode()
        return scalars + encode(_Families([label_delays(snapshot.models)])).removesuffix(_END)

    def _texts(self, encode: Encode) -> Iterator[_Text]:
        """Yield the text of each metric in `_SCALARS`, without samples."""
        if sum(map(len, self._labels.values())) > MAX_LABELS:
            self._labels = {}
        encoded = encode(_Families(map(_numbered, _SCALARS))).decode()
        for part in encoded.split("# HELP ")[1:]:
            describing, kind, line = part.split("\n")[:3]
            name, brace, rest = line[: line.rindex(" ")].partition("{")
            known = self._labels.setdefault(brace + rest, _Labels(brace + rest))
            yield _Text(f"# HELP {describing}\n{kind}\n", name, known)


class _Families(Collector):
    """Families that are made already."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


class _Labels(dict[tuple[str, ...], str]):
    """The labels of samples as text, by their values; each is made once.

    Args:
        encoded: The labels in an encoded line, in braces.
    """

    def __init__(self, encoded: str) -> None:
        super().__init__()
        self._order = [int(number) for number in _PLACE.findall(encoded)]
        self._template = _PLACE.sub('"%s"', encoded)

    def __missing__(self, values: tuple[str, ...]) -> str:
        text = self[values] = self._template % tuple(_escaped(values[at]) for at in self._order)
        return text


class _Text:
    """The text of one metric.

    Args:
        head: Its lines with its help and kind.
        name: Its name in the lines of its samples.
        known: The labels of samples as text, by their values in the order of the metric's label names.

    Attributes:
        labels: The labels of each sample as text.
        values: The value of each sample.
    """

    def __init__(self, head: str, name: str, known: _Labels) -> None:
        self._head, self._name, self.known = head, name, known
        self.labels: list[str] = []
        self.values: list[float] = []

    def lines(self) -> str:
        """Return all lines."""
        name, pairs = self._name, zip(self.labels, numbers(self.values), strict=True)
        return self._head + "".join([f"{name}{labels} {number}\n" for labels, number in pairs])


def numbers(values: Sequence[float]) -> list[str]:
    """Return numbers as Go writes them.

    >>> numbers([3, 0.25, 2e6, float("nan")])
    ['3.0', '0.25', '2e+06', 'NaN']
    """
    if not values:
        return []
    array = np.array(values, np.float64)
    texts = orjson.dumps(array, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].decode().split(",")
    sizes = np.abs(array)
    for at in np.flatnonzero(~((sizes >= MIN_PLAIN) & (sizes < MIN_LARGE) | (sizes == 0.0))).tolist():
        texts[at] = _number(values[at])
    return texts


def _numbered(metric: Metric) -> Family:
    """Return the family of a metric with one sample, whose label values are the numbers of the label names."""
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.label_names)
    family.add_metric([str(number) for number in range(len(metric.label_names))], 1.0)
    return family


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
