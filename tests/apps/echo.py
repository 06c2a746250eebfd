"""Sends back what was asked and the body that came with it."""


def app(environ, start_response):
    body = environ["wsgi.input"].read()
    parts = ("REQUEST_METHOD", "RAW_URI", "SERVER_PROTOCOL")
    seen = " ".join(environ[part] for part in parts)
    fields = [("Content-Type", "application/octet-stream"), ("X-Seen", seen)]
    start_response("200 OK", [*fields, ("Content-Length", str(len(body)))])
    return [body]
