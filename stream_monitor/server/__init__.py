"""What Prometheus and people see. The only place that knows prometheus_client."""
