"""What could act on a terminal or deceive its reader, in every place an answer has."""

import sys

# Each would be seen by what it does, if it were obeyed.
SEQUENCES = [
    "\x1b[2Jwiped",
    "\x1b]0;title\x07",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x9b31mred",
    "\x08\x08\x08back",
    "\x7fdeleted",
    "\u202eesrever",
    "\u2066isolated\u2069",
    "\u200bhidden",
    "\u2028separate",
    "\u034fjoined\u180e",
    "\u3164filling",
    "\ufe0fselected\U000e0101",
    "\U000e0041tagged",
    "one\rtwo",
]
TEXT = " ".join(SEQUENCES) + " <script>alert(1)</script> a\tb"
# What HTTP lets through: controls of latin-1 beyond ASCII.
FIELD = "\x9b31m\x85 \xad<b>"


def app(environ, start_response):
    return ROUTES[environ["PATH_INFO"]](environ, start_response)


def answers(environ, start_response):
    start_response(f"200 {FIELD}", [("Content-Type", f"text/plain{FIELD}"), ("X-Odd", FIELD)])
    return [environ["wsgi.input"].read(), TEXT.encode()]


def raises(environ, start_response):
    name = "evil " + TEXT.replace("/", "") + ".py"
    source = "def f():\n    raise type(kind, (Exception,), {})(text)\nf()"
    exec(compile(source, name, "exec"), {"kind": TEXT, "text": TEXT})


def breaches(environ, start_response):
    start_response("200 OK", [(TEXT, "value")])


def prints(environ, start_response):
    print(TEXT)
    print(TEXT, file=sys.stderr)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"printed"]


ROUTES = {"/answers": answers, "/raises": raises, "/breaches": breaches, "/prints": prints}
