"""The composition root: objects made from a configuration, wired and run."""
