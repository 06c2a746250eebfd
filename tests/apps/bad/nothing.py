"""A module without any application in it."""

VALUE = 1
