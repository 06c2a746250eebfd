"""What a plain process answers: fresh.py module:app path ...

Prints a JSON list of [status, body]; the body is null where the application fails.
"""

import io
import os
import sys


def ask(app, path):
    told = []
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    body = b"".join(app(environ, lambda status, headers, exc_info=None: told.append(status)))
    return int(told[-1][:3]), body.decode()


def main(target, paths):
    module, _, name = target.partition(":")
    sys.argv[:] = [sys.argv[0]]
    sys.path[0] = os.getcwd()
    answers = []
    try:
        app = __import__(module, fromlist=["*"])
        app = eval(name, vars(app))
        for path in paths:
            answers.append(ask(app, path))
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        answers.append((500, None))
    # Not `json.dumps`, which the application may have replaced.
    from json.encoder import JSONEncoder

    sys.__stdout__.write("\n" + JSONEncoder().encode(answers) + "\n")


main(sys.argv[1], sys.argv[2:])
