"""Tests of the input contract."""
