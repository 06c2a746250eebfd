"""The sample of the program that rdev grew out of: a list of `str`, as Python 2 had it."""


def app(environ, start_response):
    status = "200 OK"
    response_headers = [("Content-Type", "text/plain")]
    start_response(status, response_headers)
    return ["Hello world from a simple WSGI application!\n"]
