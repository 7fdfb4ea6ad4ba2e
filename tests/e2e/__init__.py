"""End-to-end tests: Kafka, sidecar, Prometheus and browser."""
