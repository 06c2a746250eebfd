"""A module with a syntax error."""


def app(environ, start_response)
    return [b""]
