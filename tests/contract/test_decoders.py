"""Requirements on every decoder of the union."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.decoding import DECODERS, parse_decoder

every_decoder = pytest.mark.parametrize("kind", sorted(DECODERS))


def _decode(kind: str, value: bytes) -> dict[str, Any] | RecordError:
    try:
        return DECODERS[kind]().make().decode(value)
    except RecordError as error:
        return error


@every_decoder
@given(st.binary(max_size=100) | st.text(max_size=50).map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_are_a_mapping_or_have_a_reason(kind: str, value: bytes) -> None:
    found = _decode(kind, value)
    if isinstance(found, RecordError):
        assert found.reason in set(Reason) - {Reason.INTERNAL}
        assert found.detail
        assert "\n" not in found.detail
    else:
        assert type(found) is dict
        assert all(type(name) is str for name in found)


@every_decoder
def test_deep_nesting_has_a_reason(kind: str) -> None:
    for value in (b"[" * 100_000, b'{"a":' * 100_000):
        assert isinstance(_decode(kind, value), RecordError)


@every_decoder
@given(st.binary(max_size=100))
def test_the_same_bytes_are_the_same(kind: str, value: bytes) -> None:
    decode = DECODERS[kind]().make().decode
    once, again = _decode(kind, value), _decode(kind, value)
    assert repr(once) == repr(again)
    if not isinstance(once, RecordError):
        assert decode(value) is not decode(value)


@every_decoder
def test_its_config(kind: str) -> None:
    config = DECODERS[kind]
    assert get_args(config.model_fields["kind"].annotation) == (kind,)
    assert config.model_config.get("frozen") is True
    assert config.model_config.get("extra") == "forbid"
    assert config.__doc__
    assert parse_decoder(kind) == config()


def test_an_unknown_decoder_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'jason': unknown decoder 'jason'; allowed: json"):
        parse_decoder("jason")
