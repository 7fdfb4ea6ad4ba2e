"""Measures of outcomes: performance, label coverage and label delay."""
