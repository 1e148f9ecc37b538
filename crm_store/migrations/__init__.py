"""The way from each older schema to the newest one, step by step."""
