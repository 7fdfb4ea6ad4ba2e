"""The composition root: configuration to wired objects, and their life from start to stop."""
