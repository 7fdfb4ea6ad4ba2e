"""Records from Kafka: a consumer that keeps offsets with the state they belong to."""
