"""A module whose app is not callable."""

app = {"not": "callable"}
