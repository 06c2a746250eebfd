"""A guest book in Flask: a page, a form, a redirect, JSON, log lines, an exception.

    rdev examples/flask_app.py --reload

It takes an environment with Flask: `pip install flask`. Then open
http://127.0.0.1:8888/ and sign the book, or try these:

    curl -d name=Ada -d words=Hello http://127.0.0.1:8888/sign
    curl http://127.0.0.1:8888/entries.json
    curl http://127.0.0.1:8888/broken

The last one raises: its answer is the traceback. Change GREETING, save, and reload the
page. The book itself lives in memory, so each save begins an empty one.
"""

import logging

from flask import Flask, redirect, render_template_string, request, url_for

GREETING = "Welcome! Please sign the guest book."

PAGE = """\
<!doctype html>
<title>Guest book</title>
<h1>{{ greeting }}</h1>
<form method="post" action="{{ url_for('sign') }}">
  <input name="name" placeholder="Your name" required>
  <input name="words" placeholder="Some words">
  <button>Sign</button>
</form>
{% for entry in entries %}
<p><b>{{ entry.name }}</b> {{ entry.words }}</p>
{% else %}
<p>Nobody has been here yet.</p>
{% endfor %}
"""

# What is logged goes to stderr: the output pane of the dashboard.
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

app = Flask(__name__)
# Flask would answer an exception itself, by a page that says nothing; the server shows
# the traceback.
app.config["PROPAGATE_EXCEPTIONS"] = True

entries = []


@app.get("/")
def book():
    """The page: everything in the book, and a form."""
    return render_template_string(PAGE, greeting=GREETING, entries=entries)


@app.post("/sign")
def sign():
    """Takes the form and sends the browser back to the page."""
    entry = {"name": request.form["name"], "words": request.form.get("words", "")}
    entries.append(entry)
    app.logger.info("%s has signed", entry["name"])
    return redirect(url_for("book"), 303)


@app.get("/entries.json")
def listing():
    """The book for programs."""
    return {"entries": entries}


@app.get("/broken")
def broken():
    """Shows what becomes of an exception."""
    pages = len(entries)
    return f"{1000 / (pages - pages)} entries a page"
