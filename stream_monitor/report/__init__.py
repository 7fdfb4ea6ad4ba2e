"""The report of a replay: one HTML file that shows what changed and when, and needs nothing else."""
