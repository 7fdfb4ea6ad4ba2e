"""The join of labels and predictions by id."""
