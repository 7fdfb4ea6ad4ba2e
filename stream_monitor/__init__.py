"""stream_monitor: the sidecar that watches a model in production."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stream_monitor.contract.input_contract import InputContract as InputContract

__version__ = "0.1.0"
__all__ = ["InputContract", "__version__"]


def __getattr__(name: str) -> Any:
    """Return `InputContract`, imported when it is asked for: the command line starts without it."""
    if name == "InputContract":
        from stream_monitor.contract.input_contract import InputContract

        return InputContract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
