"""Types and functions that packages on every layer need: events, records, errors, clock, arrays, timestamps."""
