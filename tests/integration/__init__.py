"""Tests against a running Kafka."""
