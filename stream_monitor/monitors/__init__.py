"""The monitors of all model versions, of one, of a feature, of a signal."""
