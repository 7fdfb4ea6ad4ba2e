"""Where records come from: Kafka, files, memory."""
