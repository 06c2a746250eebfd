"""The one constant that the reloading tests change."""

WORDING = "first"
