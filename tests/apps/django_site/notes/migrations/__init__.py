"""Migrations of the notes."""
