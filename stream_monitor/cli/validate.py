"""``stream-monitor validate``: files against an input contract."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from stream_monitor.cli.options import files_argument, load, settings_options
from stream_monitor.cli.progress import Reading
from stream_monitor.cli.violation_table import show_violations
from stream_monitor.config.base import Settings, setting
from stream_monitor.config.value_types import ContractPath, FieldPaths
from stream_monitor.contract.input_contract import InputContract
from stream_monitor.contract.tally import Tally
from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.events import Features
from stream_monitor.core.formatting import counted
from stream_monitor.core.records import Record
from stream_monitor.decoding.fields import REST, FieldMap
from stream_monitor.profiles.rows import read_features
from stream_monitor.sources.files import FileSource
from stream_monitor.sources.formats import Format


class ValidateConfig(Settings):
    """Settings of ``stream-monitor validate``."""

    contract: ContractPath = setting(..., "input contract, made by `stream-monitor contract`", "FILE")
    field: FieldPaths = setting(
        {}, "column that is no feature, such as label=churned, ts=at or id=customer; repeatable", "NAME=PATH"
    )
    format: Format | None = setting(None, "format of the files; by default by their names", "jsonl|csv|parquet")


@click.command()
@files_argument
@settings_options(ValidateConfig)
def validate(files: Sequence[Path], **flags: Any) -> None:
    """Validate recorded events against an input contract; exit with 1 if any violates it.

    FILE is JSONL, CSV or Parquet, plain or compressed by gzip or zstd. Fields are as for `profile`. Of a CSV file, a
    number is a number, with quotes or without.
    """
    config = load(ValidateConfig, flags)
    assert config.contract
    rows = _Rows(InputContract.load(config.contract), config.field)
    source = FileSource(files, file_format=config.format)
    began = time.monotonic()
    with Reading() as progress:
        while not source.exhausted:
            rows.add(source.poll(0))
            progress(source)
    source.close()
    _print(rows, config.contract, time.monotonic() - began)
    if rows.tally.invalid or rows.rejected or not rows.tally.rows:
        sys.exit(1)


class _Rows:
    """Reads the features of records, and tallies their violations."""

    def __init__(self, contract: InputContract, fields: dict[str, str]) -> None:
        self._map = FieldMap({"features": REST, **fields})
        self.tally = Tally(contract)
        self.rejected: Counter[Reason] = Counter()

    def add(self, records: Iterable[Record]) -> None:
        """Add the next records."""
        self.tally.add([found for record in records if (found := self._read(record)) is not None])

    def _read(self, record: Record) -> Features | None:
        try:
            return read_features(record, self._map)
        except RecordError as error:
            self.rejected[error.reason] += 1
            return None


def _print(rows: _Rows, contract: Path, seconds: float) -> None:
    tally = rows.tally
    speed = f"{seconds:.1f} s ({tally.rows / max(seconds, 1e-9):,.0f} rows/s)"
    click.echo(f"{counted(tally.rows, 'row')} against {contract} in {speed}\n")
    if tally.invalid:
        examples = {
            rule: f"row {row:,}: {violation.explanation}" for rule, (row, violation) in tally.examples.items()
        }
        show_violations(tally.counts, tally.rows, examples)
        click.echo(f"\n{counted(tally.invalid, 'row')} ({tally.invalid / tally.rows:.2%}) with a violation")
    elif tally.rows:
        click.echo("No violation")
    else:
        click.echo("There is no row", err=True)
    for reason, count in rows.rejected.items():
        click.echo(f"Warning: {counted(count, 'row')} could not be read: {reason.value}", err=True)
