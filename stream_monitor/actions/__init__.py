"""Where detections are told."""
