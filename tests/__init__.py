"""The tests. A package, so that the benchmarks can import ``tests.brokers`` too."""
