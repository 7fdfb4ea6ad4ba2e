"""Selection of a detector and its parameters on a recording of a model: `stream-monitor tune`."""
