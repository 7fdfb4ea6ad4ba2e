"""The whole of it, with the programs that it works with."""
