"""The sample application of the program rdev grew out of, in Python 3.

    rdev examples/hello.py --plain
"""


def app(environ, start_response):
    """Says hello to whoever asks."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello, world!\n"]
