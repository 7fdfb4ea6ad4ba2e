"""stream_monitor: the sidecar that watches a model in production."""

__version__ = "0.1.0"
