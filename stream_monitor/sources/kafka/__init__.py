"""Records from Kafka, by a consumer whose offsets are saved with the state that belongs to them."""
