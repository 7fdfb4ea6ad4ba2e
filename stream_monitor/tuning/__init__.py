"""Which detectors, and how strict, for a model of which there is a recording: `stream-monitor tune`."""
