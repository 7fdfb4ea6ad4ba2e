"""A fingerprint of what determines the results, kept with the state."""

from __future__ import annotations

from hashlib import blake2b

from stream_monitor.config.settings import PipelineSettings, RunConfig

#: Settings that are files: their content counts, not where they are.
_FILES = ("profile", "contract")
#: Settings of the pipeline that say where results go.
_PLACES = {"evaluation_dir"}


def fingerprint(config: RunConfig) -> str:
    """Return a hash of all settings, profile and contract included, that determine what is computed."""
    told = config.model_dump(mode="json", include=set(PipelineSettings.model_fields) - {*_FILES, *_PLACES})
    for name in _FILES:
        path = getattr(config, name)
        told[name] = blake2b(path.read_bytes(), digest_size=8).hexdigest() if path else None
    return blake2b(repr(sorted(told.items())).encode(), digest_size=8).hexdigest()
