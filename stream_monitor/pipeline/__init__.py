"""The data path: the loop, its counters, and reads from other threads."""
