"""Calls whose threads go on: they log, write or read while the answer goes out, and after
it has ended.
"""

import threading

BLOCK = 1 << 20


def app(environ, start_response):
    path = environ["PATH_INFO"]
    return ROUTES.get(path, plain)(environ, start_response)


def plain(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"plain"]


def logging(environ, start_response):
    """A thread logs long lines for as long as large blocks are sent."""
    over = threading.Event()
    line = "L" * 50_000 + "\n"

    def log():
        while not over.is_set():
            environ["wsgi.errors"].write(line)

    def blocks():
        thread = threading.Thread(target=log)
        thread.start()
        try:
            for _ in range(48):
                yield b"x" * BLOCK
        finally:
            over.set()
            thread.join()

    start_response("200 OK", [("Content-Type", "text/plain")])
    return blocks()


def writing(environ, start_response):
    """A thread writes while the iterable comes to its end."""
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    begun = threading.Event()

    def go_on():
        try:
            while True:
                write(b"written ")
                begun.set()
        except (RuntimeError, OSError):
            pass

    threading.Thread(target=go_on).start()
    begun.wait()
    return [b"the end"]


def reading(environ, start_response):
    """A thread waits for the body when the answer is there already."""
    begun = threading.Event()

    def read():
        begun.set()
        try:
            environ["wsgi.input"].read()
        except (OSError, ValueError) as error:
            ENDS.append(str(error))

    threading.Thread(target=read).start()
    begun.wait()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"early"]


def ends(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["\n".join(ENDS).encode()]


ENDS = []
ROUTES = {"/logging": logging, "/writing": writing, "/reading": reading, "/ends": ends}
