"""The demo from start to stop."""

from __future__ import annotations

import shlex
import sys
import time
import urllib.request
from collections.abc import Callable

from stream_monitor.demo.broker import CLIENT_OPTIONS, EmbeddedBroker
from stream_monitor.demo.producer import DemoProducer
from stream_monitor.demo.report import describe, match, table
from stream_monitor.demo.scenario import INCIDENTS, LENGTH
from stream_monitor.demo.sidecar import Sidecar

#: Seconds of one day.
DURATION = 45.0
#: Seconds for the last labels to arrive and be applied.
SETTLE = 4.0


def play(listen: str, stay: bool, say: Callable[[str], None]) -> bool:
    """Play one day and report; return True when every incident was found, and nothing else raised an alarm.

    Args:
        listen: Address of the sidecar.
        stay: True to play more days until Ctrl-C.
        say: Prints a line.
    """
    with EmbeddedBroker() as broker:
        producer = DemoProducer(broker.bootstrap_servers, LENGTH / DURATION, CLIENT_OPTIONS, repeat=stay)
        producer.start()
        sidecar = Sidecar(broker.bootstrap_servers, listen, {"api_version": "2.3"})
        try:
            if not sidecar.start():
                say("The sidecar did not start: " + " ".join(str(line.get("message", "")) for line in sidecar.lines))
                return False
            _introduce(sidecar, say)
            found = _watch(producer, sidecar, say)
            if stay:
                say(f"\nStill serving {sidecar.url} with more such days; Ctrl-C ends it.")
                while True:
                    time.sleep(1)
            return found
        except KeyboardInterrupt:
            say("")
            return found_all(producer, sidecar)
        finally:
            producer.stop()
            sidecar.stop()


def found_all(producer: DemoProducer, sidecar: Sidecar) -> bool:
    """Return True when every incident of the first day was found, and nothing else raised an alarm."""
    findings, unmatched = match(sidecar.lines, producer.started)
    return not unmatched and all(finding.found is not None for finding in findings)


def produce_only(bootstrap_servers: str, say: Callable[[str], None]) -> None:
    """Play day after day to an existing broker."""
    producer = DemoProducer(bootstrap_servers, LENGTH / DURATION, {}, repeat=True)
    producer.start()
    say(f"playing to {bootstrap_servers}, topics inference and labels")
    try:
        while producer.is_alive():
            producer.join(1)
    except KeyboardInterrupt:
        producer.stop()


def _introduce(sidecar: Sidecar, say: Callable[[str], None]) -> None:
    say("A credit-scoring model serves; its predictions and, a little later, its labels flow through Kafka.")
    say(f"The sidecar watches them. It is this command:\n\n  {shlex.join(sidecar.command)}\n")
    say(f"Open  {sidecar.url}         what it sees now")
    say(f"      {sidecar.url}metrics  what Prometheus reads\n")
    say(f"{len(INCIDENTS)} incidents are scheduled in the next {DURATION:.0f} s; here is what happens, as it does.\n")


def _watch(producer: DemoProducer, sidecar: Sidecar, say: Callable[[str], None]) -> bool:
    """Print incidents and alarms as they come, until the day is over; then the table."""
    told: set[str] = set()
    seen = 0
    end = float("inf")
    while time.monotonic() < end:
        time.sleep(0.25)
        for name, began in list(producer.started.items()):
            if name not in told:
                told.add(name)
                say(f"{time.strftime('%H:%M:%S', time.localtime(began))}  scheduled  {name}")
        for line in sidecar.lines[seen:]:
            if line.get("event") == "drift":
                say(f"{time.strftime('%H:%M:%S')}  alarm      {describe(line)}")
        seen = len(sidecar.lines)
        if producer.day_over.is_set() and end == float("inf"):
            end = time.monotonic() + SETTLE
    return _conclude(producer, sidecar, say)


def _conclude(producer: DemoProducer, sidecar: Sidecar, say: Callable[[str], None]) -> bool:
    findings, unmatched = match(sidecar.lines, producer.started)
    metrics = urllib.request.urlopen(f"{sidecar.url}metrics", timeout=10).read().decode()
    rejected = _total(metrics, "stream_monitor_records_rejected_total")
    say("")
    for row in table(findings, rejected):
        say(row)
    say(f"\n{len(unmatched)} alarms match no incident" + (":" if unmatched else "."))
    for alarm in unmatched:
        say(f"  {alarm['ts']}  {describe(alarm)}")
    correct = _total(metrics, "stream_monitor_outcomes_correct_total")
    outcomes = _total(metrics, "stream_monitor_outcomes_total")
    share = correct / max(outcomes, 1)
    say(f"\nAccuracy over the day, as Prometheus has it: {correct:.0f} of {outcomes:.0f} outcomes, {share:.1%}.")
    return found_all(producer, sidecar)


def _total(metrics: str, name: str) -> float:
    return sum(
        float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines() if line.startswith((name + "{", name + " "))
    )


def on_terminal() -> bool:
    """Return True when the output goes to a terminal."""
    return sys.stdout.isatty()
