"""Batches of predictions as named columns of floats."""
