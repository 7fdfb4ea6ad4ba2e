"""The path from a signal to a detection: warm-up, transforms, batch means, seasonality, budget, episodes."""
