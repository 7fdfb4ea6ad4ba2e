"""The configuration: one pydantic model each command; flags over environment over YAML."""
