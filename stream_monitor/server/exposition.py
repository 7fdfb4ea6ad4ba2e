"""A snapshot as text in an exposition format of Prometheus.

With hundreds of signals there are tens of thousands of samples, and prometheus_client encodes one at a time. Here it
encodes one sample of each metric, in whichever format it was asked for; the others are copies of that line with their
own label values, which metrics of the same labels share, and their own number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.server.catalog import CATALOG, Metric
from stream_monitor.server.samples import label_delays, samples

#: Encodes the families of a collector, as prometheus_client's ``choose_encoder`` gives it.
Encode = Callable[[Collector], bytes]

_number: Callable[[float], str] = floatToGoString
#: The smallest number that Go writes with an exponent.
MIN_LARGE = 1e6
_SCALARS = tuple(metric for metric in CATALOG if metric.kind != "histogram")
#: The end of the whole text in OpenMetrics.
_END = b"# EOF\n"
#: The value of a label in an encoded line: the number of the label name.
_PLACE = re.compile('"([0-9]+)"')


def exposition(snapshot: Snapshot, encode: Encode) -> bytes:
    """Return the metrics of a snapshot as text, without the end that OpenMetrics has.

    Args:
        snapshot: What is shown.
        encode: The encoder of the format.
    """
    texts = {metric.name: text for metric, text in zip(_SCALARS, _texts(encode), strict=True)}
    for metric, labels, value in samples(snapshot):
        texts[metric.name].add(labels, value)
    scalars = "".join(part for text in texts.values() for part in text.parts).encode()
    return scalars + encode(_Families([label_delays(snapshot.models)])).removesuffix(_END)


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
    """The text of one metric: ``parts`` are its lines.

    Args:
        head: Its lines with its help and kind.
        name: Its name in the lines of its samples.
        labels: The labels of samples as text.
    """

    def __init__(self, head: str, name: str, labels: _Labels) -> None:
        self.parts = [head]
        self._name, self._labels = name, labels

    def add(self, labels: tuple[str, ...], value: float) -> None:
        """Add a sample with these label values, in the order of the metric's label names."""
        # Go writes numbers as Python does, but large ones and those that are not finite.
        number = repr(float(value)) if -MIN_LARGE < value < MIN_LARGE else _number(value)
        self.parts.append(f"{self._name}{self._labels[labels]} {number}\n")


def _texts(encode: Encode) -> Iterator[_Text]:
    """Yield the text of each metric in `_SCALARS`, without samples."""
    encoded = encode(_Families(map(_numbered, _SCALARS))).decode()
    labels: dict[tuple[str, ...], _Labels] = {}
    for metric, part in zip(_SCALARS, encoded.split("# HELP ")[1:], strict=True):
        describing, kind, line = part.split("\n")[:3]
        name, brace, rest = line[: line.rindex(" ")].partition("{")
        shared = labels.setdefault(metric.label_names, _Labels(brace + rest))
        yield _Text(f"# HELP {describing}\n{kind}\n", name, shared)


def _numbered(metric: Metric) -> Family:
    """Return the family of a metric with one sample, whose label values are the numbers of the label names."""
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.label_names)
    family.add_metric([str(number) for number in range(len(metric.label_names))], 1.0)
    return family


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
