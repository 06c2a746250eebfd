"""The load of the soak: clients that ask well, and clients that misbehave.

Each actor is a thread that goes on until it is told to pause or stop.
"""

import http.client
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ledger import ClientBook, End
from servers import HOST

# How long an answer may take.
PATIENCE = 30.0
# Between two requests of one actor: the transcript has to keep up.
PAUSE = 0.02


class Crowd:
    """All actors."""

    def __init__(self, port: int, book: ClientBook, seed: int) -> None:
        self._port, self._book = port, book
        self._stop = threading.Event()
        kinds = [POLITE, POLITE, POLITE, RUDE, RUDE]
        self._threads = [
            threading.Thread(target=self._act, args=(random.Random(seed + at), kind))
            for at, kind in enumerate(kinds)
        ]

    def _act(self, chance: random.Random, kind: list["Act"]) -> None:
        with closing_client(self._port) as client:
            while not self._stop.is_set():
                act = chance.choice(kind)
                try:
                    act(client, self._book, chance)
                except (OSError, http.client.HTTPException) as error:
                    self._book.write_failure(f"{act.__name__}: {error!r}")
                    client.close()
                time.sleep(chance.uniform(0, 2 * PAUSE))

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def closing_client(port: int) -> Iterator[http.client.HTTPConnection]:
    client = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    try:
        yield client
    finally:
        client.close()


Act = Callable[[http.client.HTTPConnection, ClientBook, random.Random], None]


def ask(
    client: http.client.HTTPConnection,
    book: ClientBook,
    target: str,
    method: str = "GET",
    **more: object,
) -> bytes:
    """One request over the kept connection, written down with its end."""
    number = book.number()
    joint = "&" if "?" in target else "?"
    client.request(method, f"{target}{joint}n={number}", **more)
    answer = client.getresponse()
    try:
        body = answer.read()
    except (http.client.IncompleteRead, ConnectionResetError):
        client.close()
        book.write(number, End.CUT, answer.status)
        return b""
    book.write(number, End.ANSWERED, answer.status)
    return body


def asks_small(client, book, chance):
    ask(client, book, "/small")


def asks_head(client, book, chance):
    ask(client, book, "/small", method="HEAD")


def uploads(client, book, chance):
    body = bytes([chance.randrange(256)]) * chance.randrange(300_000)
    if ask(client, book, "/echo", "POST", body=body) != body:
        book.write_failure("an upload came back changed")


def uploads_in_chunks(client, book, chance):
    pieces = [bytes(chance.randrange(1, 50_000)) for _ in range(chance.randrange(1, 30))]
    length = ask(client, book, "/discard", "POST", body=iter(pieces), encode_chunked=True)
    if int(length) != sum(map(len, pieces)):
        book.write_failure("a chunked upload lost bytes")


def downloads_a_stream(client, book, chance):
    blocks, size = chance.randrange(1, 40), chance.randrange(1, 60_000)
    body = ask(client, book, f"/stream?blocks={blocks}&size={size}")
    if len(body) != blocks * size:
        book.write_failure("a stream lost bytes")


def downloads_a_file(client, book, chance):
    if len(ask(client, book, "/file")) % (1 << 20):
        book.write_failure("a file lost bytes")


def waits(client, book, chance):
    ask(client, book, f"/slow?seconds={chance.uniform(0, 0.2):.3f}")


def meets_an_exception(client, book, chance):
    ask(client, book, "/raises")


def meets_a_cut_stream(client, book, chance):
    ask(client, book, "/breaks")


def meets_nothing(client, book, chance):
    ask(client, book, "/errors")


POLITE: list[Act] = [
    asks_small,
    asks_small,
    asks_small,
    asks_head,
    uploads,
    uploads_in_chunks,
    downloads_a_stream,
    downloads_a_file,
    waits,
    meets_an_exception,
    meets_a_cut_stream,
    meets_nothing,
]


@contextmanager
def raw(client: http.client.HTTPConnection) -> Iterator[socket.socket]:
    """A connection of its own."""
    with socket.create_connection((HOST, client.port), timeout=PATIENCE) as connection:
        yield connection


def head(target: str, more: str = "", method: str = "GET") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {HOST}\r\n{more}\r\n".encode()


def leaves_in_the_head(client, book, chance):
    with raw(client) as connection:
        whole = head("/small")
        connection.sendall(whole[: chance.randrange(len(whole) - 1)])


def leaves_in_its_body(client, book, chance):
    number = book.number()
    with raw(client) as connection:
        lines = "Content-Length: 100000\r\n"
        connection.sendall(head(f"/discard?n={number}", lines, "POST") + bytes(1000))
    book.write(number, End.LEFT)


def leaves_in_a_chunk(client, book, chance):
    number = book.number()
    with raw(client) as connection:
        lines = "Transfer-Encoding: chunked\r\n"
        connection.sendall(head(f"/discard?n={number}", lines, "POST") + b"5\r\nab")
    book.write(number, End.LEFT)


def leaves_in_the_answer(client, book, chance):
    number = book.number()
    target = chance.choice(["/stream?blocks=100&size=60000&", "/file?"])
    with raw(client) as connection:
        connection.sendall(head(f"{target}n={number}"))
        connection.recv(chance.randrange(1, 100_000))
    book.write(number, End.LEFT)


def resets(client, book, chance):
    number = book.number()
    with raw(client) as connection:
        connection.sendall(head(f"/slow?seconds=0.05&n={number}"))
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    book.write(number, End.LEFT)


def says_nothing(client, book, chance):
    with raw(client):
        time.sleep(chance.uniform(0, 0.1))


def sends_no_http(client, book, chance):
    with raw(client) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\r\n\r\n")
        answer = read_all(connection)
    if answer.startswith(b"HTTP/1.1 400 "):
        book.write_refused()
    else:
        book.write_failure(f"no HTTP was answered with {answer[:40]!r}")


def ends_its_side_first(client, book, chance):
    number = book.number()
    with raw(client) as connection:
        connection.sendall(head(f"/slow?seconds=0.02&n={number}"))
        connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)
    if answer.endswith(b"\r\n\r\nslow"):
        book.write(number, End.ANSWERED, 200)
    else:
        book.write_failure(f"a half-closed connection got {answer[:40]!r}")


def sends_several_at_once(client, book, chance):
    numbers = [book.number() for _ in range(4)]
    with raw(client) as connection:
        asked = [head(f"/small?n={number}") for number in numbers[:-1]]
        asked.append(head(f"/small?n={numbers[-1]}", "Connection: close\r\n"))
        connection.sendall(b"".join(asked))
        answer = read_all(connection)
    if answer.count(b"HTTP/1.1 200 ") != len(numbers):
        book.write_failure(f"pipelined requests got {answer[:40]!r}")
    for number in numbers:
        book.write(number, End.ANSWERED, 200)


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


RUDE: list[Act] = [
    leaves_in_the_head,
    leaves_in_its_body,
    leaves_in_a_chunk,
    leaves_in_the_answer,
    resets,
    says_nothing,
    sends_no_http,
    ends_its_side_first,
    sends_several_at_once,
]
