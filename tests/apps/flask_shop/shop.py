"""A small Flask shop: templates, a session, flashes, uploads, files, a stream, errors."""

import hashlib

from flask import (
    Flask,
    abort,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_from_directory,
    session,
    url_for,
)
from wording import WORDING

app = Flask(__name__)
app.secret_key = "only for tests"
GOODS = {"tea": 3, "coffee": 4, "crème brûlée": 7}


@app.get("/")
def front():
    return render_template("front.html", goods=GOODS, basket=session.get("basket", []))


@app.get("/wording")
def wording():
    return WORDING


@app.get("/goods/<name>")
def goods(name):
    if name not in GOODS:
        abort(404, description=f"no {name} here")
    return {"name": name, "price": GOODS[name]}


@app.post("/basket")
def basket():
    session["basket"] = [*session.get("basket", []), request.form["name"]]
    flash(f"{request.form['name']} × {request.form.get('count', '1')}")
    return redirect(url_for("front"), 303)


@app.get("/search")
def search():
    return jsonify(args=request.args.to_dict(flat=False), raw=request.query_string.decode())


@app.post("/upload")
def upload():
    file = request.files["file"]
    content = file.read()
    return jsonify(
        name=file.filename,
        kind=file.mimetype,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        fields=request.form.to_dict(),
    )


@app.route("/json", methods=["POST", "PUT", "PATCH"])
def json_back():
    return jsonify(method=request.method, got=request.get_json())


@app.post("/raw")
def raw():
    return request.get_data(), 201, {"Content-Type": request.content_type or "x/none"}


@app.get("/cookies")
def cookies():
    answer = make_response(repr(sorted(request.cookies.items())))
    answer.set_cookie("plain", "1")
    answer.set_cookie("guarded", "ü 2", httponly=True, samesite="Lax", max_age=60)
    answer.delete_cookie("gone")
    return answer


@app.get("/files/<path:name>")
def files(name):
    return send_from_directory("files", name)


@app.get("/download")
def download():
    return send_from_directory(
        "files", "lines.txt", as_attachment=True, download_name="zeilen ü.txt"
    )


@app.get("/etag")
def etag():
    answer = make_response("the same each time\n")
    answer.add_etag()
    return answer.make_conditional(request)


@app.get("/stream")
def stream():
    return (f"{number}\n" for number in range(20)), {"Content-Type": "text/plain"}


@app.get("/big")
def big():
    return "0123456789abcdef" * 40_000


@app.get("/unicode/<path:rest>")
def unicode(rest):
    return jsonify(rest=rest, path=request.path, url=request.url)


@app.get("/slash/")
def slash():
    return "with a slash\n"


@app.get("/teapot")
def teapot():
    return "short and stout\n", "418 I AM A TEAPOT", {"X-Spout": "yes"}


@app.get("/empty")
def empty():
    return "", 204


@app.get("/boom")
def boom():
    return 1 / 0


@app.after_request
def mark(response):
    response.headers["X-Shop"] = "open"
    return response
