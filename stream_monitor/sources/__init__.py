"""Sources of records: Kafka, files, memory."""
