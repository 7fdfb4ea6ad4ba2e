"""The report of a replay: one self-contained HTML file with the changes over time."""
