"""Tests against a Kafka that really serves."""
