"""The input contract: the rules that the features of an event must keep, and what mends those that do not."""
