"""The smallest WSGI application: one callable that answers every request.

    rdev examples/hello.py --plain

Then ask for something in another terminal:

    curl http://127.0.0.1:8888/

The request is shown behind "> ", the response behind "< ".
"""


def app(environ, start_response):
    """A barebones WSGI application, where every framework begins."""
    status = "200 OK"
    response_headers = [("Content-Type", "text/plain")]
    start_response(status, response_headers)
    # Bytes: a list of str was fine in Python 2, WSGI in Python 3 forbids it.
    return [b"Hello world from a simple WSGI application!\n"]
