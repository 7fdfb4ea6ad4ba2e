"""The profile: the distributions of the training data, as a JSON file that is made once and read at every start."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationError, model_validator

from stream_monitor.core.errors import ConfigError
from stream_monitor.stats.autocorrelation import MAX_AUTOCORRELATION_TIME
from stream_monitor.stats.reference import CategoricalReference, NumericReference
from stream_monitor.stats.season_period import Period

#: The version of the file format; a profile with another version can't be read.
FORMAT: Literal[1] = 1
FeatureType = Literal["numeric", "categorical"]
Reference = NumericReference | CategoricalReference
#: The number of names listed in an error message.
_MAX_LISTED = 5


def _numeric(value: Any) -> NumericReference:
    return value if isinstance(value, NumericReference) else NumericReference.restored(value)


def _categorical(value: Any) -> CategoricalReference:
    return value if isinstance(value, CategoricalReference) else CategoricalReference.restored(value)


def _state(reference: Reference) -> dict[str, Any]:
    return reference.state()


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class Ratios(_Part):
    """Variance ratios over blocks of 1, 2, 4, ... values, and the number of values they were computed from."""

    ratios: list[Annotated[float, Field(ge=0)]] = []
    count: Annotated[int, Field(ge=0)] = 0


def _sums(value: Any) -> Period:
    try:
        return value if isinstance(value, Period) else Period.restored(value)
    except TypeError:
        raise ValueError("must be the sums over the parts of a period") from None


def _written(sums: Period) -> list[Any]:
    return sums.state()


class Season(_Part):
    """A season: its period in seconds, the number of periods, and the sums over its parts."""

    period: float = Field(gt=0)
    weight: float = Field(gt=0)
    sums: Annotated[Period, PlainValidator(_sums), PlainSerializer(_written)]


class ColumnProfile(_Part):
    """The profile of one column of the training data: a feature, the score, the prediction or the label.

    Attributes:
        numeric: The reference of a numeric column.
        categorical: The reference of a categorical column; a column without values has neither reference.
        missing_share: The share of rows without a value, from 0 to 1.
        other: The number of values of another type, which are not in the reference.
        autocorrelation: The autocorrelation at lag 1, if the rows were in order of time.
        autocorrelation_time: The integrated autocorrelation time in values, if the rows were in order of time.
        seasons: The daily and the weekly season of the normal scores of a numeric column, if the rows were in order
            of time and covered two periods.
        span_ratios: The variance ratios of the values, in the order of the rows.
        missing_ratios: Those of missing and present values.
    """

    numeric: Annotated[NumericReference, PlainValidator(_numeric), PlainSerializer(_state)] | None = None
    categorical: Annotated[CategoricalReference, PlainValidator(_categorical), PlainSerializer(_state)] | None = None
    missing_share: float = Field(ge=0, le=1)
    other: int = Field(0, ge=0)
    autocorrelation: float | None = Field(None, ge=-1, le=1)
    autocorrelation_time: float | None = Field(None, gt=0, le=MAX_AUTOCORRELATION_TIME)
    seasons: list[Season] = []
    span_ratios: Ratios = Ratios()
    missing_ratios: Ratios = Ratios()

    @model_validator(mode="after")
    def _of_one_type(self) -> ColumnProfile:
        if self.numeric is not None and self.categorical is not None:
            raise ValueError("a column is numeric or categorical, not both")
        return self

    @property
    def reference(self) -> Reference | None:
        """The distribution of the column's values; None if it has none."""
        return self.categorical if self.numeric is None else self.numeric

    @property
    def type(self) -> FeatureType | None:
        """The type of the column; None if it has no values."""
        if self.reference is None:
            return None
        return "categorical" if self.numeric is None else "numeric"


class Profile(_Part):
    """The profile of the training data.

    Attributes:
        format: The version of the file format.
        made_by: The program and version that wrote the profile.
        files: The names of the files of training data.
        hash: The SHA-256 of the files' concatenated bytes, equal to ``cat FILES | sha256sum``.
        rows: The number of rows.
        task: The task of the model.
        fields: The mapping from fields of an event to the columns that hold them, as given by --field.
        rate: Rows per second, if the rows were in order of time.
        score: The column of scores, if there is one.
        prediction: The column of predictions, if there is one.
        label: The column of labels, if there is one.
        features: The columns of features by name.
    """

    format: Literal[1] = FORMAT
    made_by: str
    files: list[str]
    hash: str
    rows: int = Field(ge=1)
    task: Literal["classification", "regression"]
    fields: dict[str, str]
    rate: float | None = Field(None, gt=0)
    score: ColumnProfile | None = None
    prediction: ColumnProfile | None = None
    label: ColumnProfile | None = None
    features: dict[str, ColumnProfile]

    @classmethod
    def read(cls, path: Path) -> Profile:
        """Read a profile from a file.

        Raises:
            ConfigError: The file can't be read or is not a valid profile of this format.
        """
        try:
            content = orjson.loads(path.read_bytes())
        except OSError as error:
            raise ConfigError(f"--profile: can't read {path}: {error.strerror}") from None
        except orjson.JSONDecodeError as error:
            raise ConfigError(f"--profile: {path} is not JSON ({error}); {_ANEW}") from None
        if not isinstance(content, dict) or "format" not in content:
            raise ConfigError(f"--profile: {path} is not a profile; {_ANEW}")
        if content["format"] != FORMAT:
            found = f"--profile: {path} has format {content['format']!r}"
            raise ConfigError(f"{found}; allowed: {FORMAT}; {_ANEW}")
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise ConfigError(f"--profile: {path}: {_explain(error)}; {_ANEW}") from None

    def write(self, path: Path) -> None:
        """Write the profile to a file, atomically: an existing file is replaced once the new one is complete.

        Raises:
            ConfigError: The file can't be written.
        """
        temporary, path = None, path.resolve()
        try:
            descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
            with open(descriptor, "wb") as file:  # noqa: PTH123 - it is open already
                os.fchmod(descriptor, 0o644)
                file.write(self._lines())
            Path(temporary).replace(path)
        except OSError as error:
            if temporary:
                Path(temporary).unlink(missing_ok=True)
            raise ConfigError(f"--output: can't write {path}: {error.strerror}") from None

    def feature_type(self, name: str) -> FeatureType | None:
        """Return a feature's type; None if it has no values or is not in the profile."""
        return self.features[name].type if name in self.features else None

    def missing_share(self, name: str) -> float | None:
        """Return the share of rows without a usable value of a feature, from 0 to 1; None for an unknown feature."""
        return self.features[name].missing_share if name in self.features else None

    def column(self, signal: str) -> ColumnProfile | None:
        """Return the column of ``feature:NAME``, ``score``, ``prediction``, ``label``; None for any other signal."""
        if signal in ("score", "prediction", "label"):
            found: ColumnProfile | None = getattr(self, signal)
            return found
        prefix, _, name = signal.partition(":")
        return self.features.get(name) if prefix == "feature" else None

    def reference(self, signal: str) -> Reference | None:
        """Return the reference of a signal, or None; of ``missing:NAME``, of missing (1) and present values (0)."""
        prefix, _, name = signal.partition(":")
        if prefix == "missing" and name in self.features:
            missing = round(self.features[name].missing_share * self.rows)
            counts = {"0": self.rows - missing, "1": missing}
            return CategoricalReference.of_counts({value: times for value, times in counts.items() if times})
        column = self.column(signal)
        return column.reference if column else None

    def autocorrelation_time(self, signal: str) -> float:
        """Return the integrated autocorrelation time of a signal, in values; 1 if it is not known."""
        column = self.column(signal)
        return (column.autocorrelation_time if column else None) or 1.0

    def seasons(self, signal: str) -> dict[float, tuple[Period, float]]:
        """Return the known seasons of a signal, by period in seconds: the sums and the number of periods."""
        column = self.column(signal)
        return {each.period: (each.sums, each.weight) for each in column.seasons} if column else {}

    def span_ratios(self, signal: str) -> Ratios:
        """Return the variance ratios of a signal, none if they are not known."""
        prefix, _, name = signal.partition(":")
        if prefix == "missing" and name in self.features:
            return self.features[name].missing_ratios
        column = self.column(signal)
        return column.span_ratios if column else Ratios()

    def check_features(self, names: Collection[str]) -> None:
        """Check that the features of the data are those of the profile.

        Raises:
            ConfigError: They differ; the message names the differences.
        """
        unknown = [name for name in names if name not in self.features]
        absent = [name for name in self.features if name not in names]
        if not unknown and not absent:
            return
        parts = [f"it does not know {_some(unknown)}"] if unknown else []
        parts += [f"the data has no {_some(absent)}"] if absent else []
        near = difflib.get_close_matches(unknown[0], absent, n=1) if unknown else []
        hint = f"; is {unknown[0]!r} its {near[0]!r}?" if near else ""
        raise ConfigError(f"--profile: its features are not those of the data: {', and '.join(parts)}{hint}")

    def _lines(self) -> bytes:
        """Return the profile as JSON with a line for each feature, readable and comparable line by line."""
        body = self.model_dump(mode="json")
        features = body.pop("features").items()
        head = [f"{orjson.dumps(key).decode()}: {orjson.dumps(value).decode()}" for key, value in body.items()]
        rows = [f" {orjson.dumps(name).decode()}: {orjson.dumps(value).decode()}" for name, value in features]
        return ("{\n" + ",\n".join(head) + ',\n"features": {\n' + ",\n".join(rows) + "\n}}\n").encode()


_ANEW = "make one with stream-monitor profile"


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("function-plain", "nullable"))
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"


def _some(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:_MAX_LISTED]))
    return f"{shown} and {len(names) - _MAX_LISTED:,} more" if len(names) > _MAX_LISTED else shown
