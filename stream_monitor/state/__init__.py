"""State on disk: the checkpoint, its frozen parts, and key-value stores."""
