"""Types that every package needs: events, records, errors, clock, arrays, timestamps."""
