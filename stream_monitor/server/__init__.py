"""HTTP: metrics, health and the landing page. The only package that imports prometheus_client."""
