"""Prints gunicorn's own corpus of requests as JSON, one case a line.

    python gunicorn_corpus.py gunicorn-VERSION.tar.gz FOLDER

takes the source archive, unpacks it into the folder and reads `tests/requests/` there.
What is expected of a case is Python that imports gunicorn: it is run with the gunicorn of
the archive, and with `uri()`, which it expects to be there.
"""

import json
import runpy
import sys
import tarfile
from pathlib import Path

ESCAPES = {b"\\r": b"\r", b"\\n": b"\n", b"\\t": b"\t", b"\\0": b"\0"}


def unescape(text):
    """A case's bytes: line ends of the file do not count, escapes do."""
    text = text.replace(b"\n", b"")
    out = bytearray()
    while text:
        if text[:2] in ESCAPES:
            out += ESCAPES[text[:2]]
            text = text[2:]
        elif text[:2] == b"\\x":
            out.append(int(text[2:4], 16))
            text = text[4:]
        else:
            out.append(text[0])
            text = text[1:]
    return bytes(out)


def options(cfg):
    """What a case sets that is not gunicorn's default."""
    from gunicorn.config import Config

    default = Config()
    changed = {}
    for name, setting in cfg.settings.items():
        if setting.get() != default.settings[name].get():
            changed[name] = repr(setting.get())
    return changed


def case(file):
    from gunicorn.config import Config

    scope = runpy.run_path(str(file.with_suffix(".py")), {"uri": lambda raw: raw, "cfg": Config()})
    expected = scope["request"]
    is_valid = file.parent.name == "valid"
    found = {
        "name": f"{file.parent.name}/{file.stem}",
        "bytes": unescape(file.read_bytes()).hex(),
        "options": options(scope["cfg"]),
    }
    if not is_valid:
        return found | {"error": expected.__name__}
    requests = expected if isinstance(expected, list) else [expected]
    return found | {"requests": [plain(request) for request in requests]}


def plain(request):
    body = request["body"]
    body = body if isinstance(body, bytes) else body.encode("latin-1")
    # `uri()` above gives the target as it was sent.
    return {
        "method": text(request["method"]),
        "target": text(request["uri"]),
        "version": "HTTP/%d.%d" % request["version"],
        "headers": [[text(name), text(value)] for name, value in request["headers"]],
        "body": body.hex(),
    }


def text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


def main(archive, folder):
    with tarfile.open(archive) as files:
        files.extractall(folder)
    root = next(Path(folder).glob("gunicorn-*"))
    sys.path.insert(0, str(root))
    for kind in ("valid", "invalid"):
        for file in sorted((root / "tests/requests" / kind).glob("*.http")):
            print(json.dumps(case(file)))


main(*sys.argv[1:])
