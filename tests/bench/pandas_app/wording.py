"""The one constant that the benchmark changes."""

WORDING = "first"
