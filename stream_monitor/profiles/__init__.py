"""The profile of the training data, learned in one pass over its rows in bounded memory and stored as a file."""
