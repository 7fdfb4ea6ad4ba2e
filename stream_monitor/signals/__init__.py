"""The named columns of floats that a batch of predictions becomes."""
