"""A Bottle application: routes, forms, signed cookies, static files, a stream, errors."""

from pathlib import Path

from bottle import Bottle, abort, redirect, request, response, static_file, template
from wording import WORDING

app = Bottle()
FILES = str(Path(__file__).parent / "files")
SECRET = "only for tests"


@app.get("/")
def front():
    return template("<h1>Hello {{name}}!</h1>", name=request.query.name or "<you>")


@app.get("/wording")
def wording():
    return WORDING


@app.get("/visits")
def visits():
    count = int(request.get_cookie("visits", "0", secret=SECRET)) + 1
    response.set_cookie("visits", str(count), secret=SECRET, path="/")
    return {"visits": count}


@app.post("/form")
def form():
    return {name: request.forms.getall(name) for name in sorted(request.forms)}


@app.post("/upload")
def upload():
    file = request.files["file"]
    return {"name": file.raw_filename, "size": len(file.file.read())}


@app.route("/json", ["POST", "PUT"])
def json_back():
    return {"got": request.json, "method": request.method}


@app.post("/raw")
def raw():
    response.content_type = "application/octet-stream"
    return request.body.read()


@app.get("/query")
def query():
    return {"query": request.query_string, "a": request.query.getall("a")}


@app.get("/files/<name:path>")
def files(name):
    return static_file(name, root=FILES)


@app.get("/download")
def download():
    return static_file("lines.txt", root=FILES, download="lines again.txt")


@app.get("/stream")
def stream():
    response.content_type = "text/plain"
    for number in range(10):
        yield f"{number} ü\n"


@app.get("/unicode/<rest:path>")
def unicode(rest):
    return {"rest": rest}


@app.get("/away")
def away():
    redirect("/visits", 302)


@app.get("/denied")
def denied():
    abort(401, "Who are you?")


@app.get("/empty")
def empty():
    response.status = 204


@app.get("/headers")
def headers():
    response.add_header("X-Many", "one")
    response.add_header("X-Many", "two")
    return "many\n"


@app.get("/boom")
def boom():
    return {}["missing"]
