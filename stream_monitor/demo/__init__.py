"""``stream-monitor demo``: an embedded broker, a model with incidents, and the sidecar of ``run``."""
