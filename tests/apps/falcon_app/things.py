"""A Falcon application: resources, JSON, streams, multipart forms, cookies, errors."""

import io

import falcon
from wording import WORDING

THINGS = {"1": {"name": "first"}, "2": {"name": "zweitens ü"}}


class Wording:
    def on_get(self, req, resp):
        resp.text = WORDING


class Things:
    def on_get(self, req, resp):
        resp.media = {"things": THINGS, "limit": req.get_param_as_int("limit", default=0)}

    def on_post(self, req, resp):
        thing = req.get_media()
        resp.status = falcon.HTTP_201
        resp.location = f"/things/{thing['id']}"
        resp.media = thing


class Thing:
    def on_get(self, req, resp, number):
        if number not in THINGS:
            raise falcon.HTTPNotFound(title="No thing", description=f"{number} is not here")
        resp.media = THINGS[number]
        resp.etag = f"thing-{number}"
        if any(tag == resp.etag for tag in req.if_none_match or []):
            resp.status = falcon.HTTP_304

    def on_delete(self, req, resp, number):
        resp.status = falcon.HTTP_204


class Form:
    def on_post(self, req, resp):
        resp.media = req.get_media()


class Upload:
    def on_post(self, req, resp):
        parts = []
        for part in req.get_media():
            content = part.stream.read()
            parts.append([part.name, part.filename, part.content_type, len(content)])
        resp.media = parts


class Raw:
    def on_post(self, req, resp):
        resp.content_type = "application/octet-stream"
        resp.data = req.bounded_stream.read()


class Stream:
    def on_get(self, req, resp):
        resp.content_type = "text/plain"
        resp.stream = (f"{number}\n".encode() for number in range(10))


class File:
    def on_get(self, req, resp):
        content = b"falcon file\n" * 5000
        resp.downloadable_as = "falcon.txt"
        resp.content_type = "text/plain"
        resp.set_stream(io.BytesIO(content), len(content))


class Cookies:
    def on_get(self, req, resp):
        resp.set_cookie("one", "1", secure=False)
        resp.set_cookie("two", "2", max_age=60, same_site="Strict", secure=False)
        resp.unset_cookie("three")
        resp.append_header("X-Many", "a")
        resp.append_header("X-Many", "b")
        resp.media = req.cookies


class Query:
    def on_get(self, req, resp):
        resp.media = {"params": req.params, "raw": req.query_string, "path": req.path}


class Moved:
    def on_get(self, req, resp):
        raise falcon.HTTPMovedPermanently("/things?limit=3")


class Teapot:
    def on_get(self, req, resp):
        resp.status = "418 I am a teapot"
        resp.text = "short and stout\n"


class Boom:
    def on_get(self, req, resp):
        raise RuntimeError("boom")


def rest(req, resp):
    """Whatever follows the prefix, however it was escaped."""
    resp.media = {"path": req.path, "uri": req.relative_uri}


app = falcon.App()
app.add_route("/wording", Wording())
app.add_route("/things", Things())
app.add_route("/things/{number}", Thing())
app.add_route("/form", Form())
app.add_route("/upload", Upload())
app.add_route("/raw", Raw())
app.add_route("/stream", Stream())
app.add_route("/file", File())
app.add_route("/cookies", Cookies())
app.add_route("/query", Query())
app.add_route("/moved", Moved())
app.add_route("/teapot", Teapot())
app.add_route("/boom", Boom())
app.add_sink(rest, "/rest")
