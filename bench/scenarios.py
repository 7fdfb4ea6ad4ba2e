"""The scenarios of the benchmark: what is read, by which programs, and the limits of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gates import Ceiling, Limit, Ratio
from programs import BY_HAND, LIMIT, LOOP, OURS, OURS_BY_DEFAULT, PEERS, Ours, Program
from topics import Labels


@dataclass(frozen=True)
class Scenario:
    """Programs that take turns on one topic.

    Attributes:
        name: The name, for `--scenario`.
        about: What is read and compared.
        programs: The programs, in the order of the rows.
        bases: The rows that the others are compared with, by their letters.
        limits: What rows have to reach.
        features: The number of features of an event.
        labels: Whether each event has its label, or the labels have a topic of their own.
        events: The number of events.
    """

    name: str
    about: str
    programs: tuple[Program, ...]
    bases: Mapping[str, str]
    limits: Sequence[Limit] = ()
    features: int = 20
    labels: Labels = "inline"
    events: int = 200_000

    def against(self, checkout: Path | None) -> "Scenario":
        """Return the scenario with rows for the sidecar of another checkout, if there is one."""
        ours = [program for program in self.programs if isinstance(program, Ours)]
        others = [replace(one, name=f"{one.name}, other", checkout=checkout) for one in ours if checkout]
        return replace(self, programs=(*self.programs, *others))


BASES = {"a": LIMIT.name, "b": LOOP.name, "c": BY_HAND.name}
EVERY = OURS_BY_DEFAULT.name
NO_LABELS = Ours("no labels")
OWN_TOPIC = Ours("labels on their own topic", with_labels=True)
POLLS = [Ours(f"polls of {most:,}", ("--kafka-option", f"max_poll_records={most}")) for most in (2000, 100)]

INLINE = Scenario(
    "inline",
    "20 features, the label inline",
    (*PEERS, OURS, OURS_BY_DEFAULT),
    BASES,
    (
        Ratio(EVERY, "c", 3.5, 3.5, (4.5, 4.5)),
        Ratio(EVERY, "b", 1.5, 2.4, (2.0, 3.0)),
        Ratio(EVERY, "a", 0.7, 0.7, (0.9, 0.9)),
        Ceiling(EVERY, "peak_mb", 200.0, "peak memory in MB"),
        Ceiling(EVERY, "ready_seconds", 1.0, "seconds from the start to the first poll"),
    ),
)
WIDE = Scenario(
    "wide",
    "200 features, the label inline",
    (*PEERS, OURS, OURS_BY_DEFAULT),
    BASES,
    (Ratio(EVERY, "c", 2.8, 3.5, (3.5, 4.5)), Ceiling(EVERY, "peak_mb", 350.0, "peak memory in MB")),
    features=200,
    events=40_000,
)
LABELS = Scenario(
    "labels",
    "20 features, every signal; no labels, and one for each prediction 5,000 predictions later, on a topic of labels",
    (NO_LABELS, OWN_TOPIC),
    {"none": NO_LABELS.name},
    (Ratio(OWN_TOPIC.name, "none", 0.5, 0.5, (0.65, 0.65)),),
    labels="topic",
    events=100_000,
)
POLL_SIZES = Scenario(
    "polls",
    "20 features, the label inline, every signal; polls of at most 2,000 and of at most 100 records",
    tuple(POLLS),
    {"2,000": POLLS[0].name},
    (Ratio(POLLS[1].name, "2,000", 0.4, 0.4, (1.0, 1.0)),),
    events=100_000,
)
SCENARIOS = {each.name: each for each in (INLINE, WIDE, LABELS, POLL_SIZES)}


def pythons(interpreters: Mapping[str, str]) -> Scenario:
    """Return the scenario of the sidecar on several versions of Python.

    Args:
        interpreters: The path of each interpreter, by its version; the first one is the base.
    """
    programs = [Ours(f"Python {version}", python=path) for version, path in interpreters.items()]
    about = "20 features, the label inline, every signal; the same on several versions of Python"
    return Scenario("pythons", about, tuple(programs), {"first": programs[0].name}, events=100_000)
