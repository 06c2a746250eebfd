"""Our planets: a small Django project."""
