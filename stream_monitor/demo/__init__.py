"""``stream-monitor demo``: an embedded broker, a model that has a bad day, and the very sidecar of ``run``."""
