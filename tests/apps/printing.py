"""Prints in every way there is while it answers, and says what its streams look like."""

import asyncio
import contextlib
import io
import logging
import multiprocessing
import multiprocessing.pool
import os
import subprocess
import sys
import threading
import time
import warnings

from flask import Flask, request

app = Flask(__name__)
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
log = logging.getLogger("printing")
# How many requests have to be there before one of them goes on.
meeting = threading.Barrier(4)
pools = []
over = threading.Event()


@app.get("/ways/<name>")
def ways(name):
    print("printed for", name)
    log.info("logged for %s", name)
    print("to wsgi.errors for", name, file=request.environ["wsgi.errors"])
    warnings.warn("warned for %s" % name)
    sys.stdout.buffer.write(b"bytes for %s\n" % name.encode())
    sys.stdout.buffer.flush()
    other = io.TextIOWrapper(sys.stdout.buffer, line_buffering=True)
    print("wrapped for", name, file=other)
    other.detach()
    with contextlib.redirect_stdout(io.StringIO()) as kept:
        print("caught")
    print("caught for", name, repr(kept.getvalue()))
    print("not ended for", name, end="")
    return "printed"


@app.get("/threads/<name>")
def threads(name):
    def nest():
        inner = threading.Thread(target=print, args=("from a nested thread for", name))
        inner.start()
        inner.join()

    class Own(threading.Thread):
        def run(self):
            print("from a subclass for", name)

    for thread in (
        threading.Thread(target=print, args=("from a thread for", name)),
        Own(),
        threading.Thread(target=nest, daemon=True),
        threading.Timer(0, print, ("from a timer for", name)),
    ):
        thread.start()
        thread.join()
    return "threaded"


@app.get("/pools/<name>")
def pools_of(name):
    # Imported here: by the first request that needs it, as asyncio does.
    from concurrent.futures import ThreadPoolExecutor

    if not pools:
        pools.append(ThreadPoolExecutor(1))
        pools.append(multiprocessing.pool.ThreadPool(1))
    executor, pool = pools
    executor.submit(print, "from an executor for", name).result()
    list(executor.map(lambda word: print(word, "for", name), ["mapped"]))
    pool.apply(print, ("applied for", name))
    pool.map(lambda word: print(word, "for", name), ["pooled"])
    executor.submit(int, "1").add_done_callback(lambda _: None)
    return "pooled"


@app.get("/async/<name>")
def asynchronous(name):
    async def main():
        await asyncio.gather(*(step(number) for number in range(3)))
        await asyncio.to_thread(print, "from a thread of a coroutine for", name)

    async def step(number):
        await asyncio.sleep(0.001 * number)
        print("step", number, "for", name)

    asyncio.run(main())
    return "awaited"


@app.get("/nobody")
def nobody():
    sys.stdout.flush()
    os.write(1, b"written to the descriptor\n")
    subprocess.run(["echo", "from another program"], check=True)
    child = os.fork()
    if child == 0:
        print("from a fork", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print("from the request")
    return "who knows"


@app.get("/mixed/<name>/<int:count>")
def mixed(name, count):
    """Four of these print at once: whole lines from so many threads, then lines in parts."""
    meeting.wait(20)

    def work(part):
        for number in range(50):
            print(name, part, number, "x" * (number * 200))

    threads = [threading.Thread(target=work, args=(part,)) for part in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(50):
        print(name, end=" ")
        time.sleep(0)
        print("in parts", end=" ", flush=number % 2 == 0)
        print(number)
    return "mixed"


@app.get("/late/<name>")
def late(name):
    def go_on():
        while not os.path.exists("go"):
            time.sleep(0.01)
        print("long after, for", name)

    threading.Thread(target=go_on).start()
    return "early"


@app.get("/chatter")
def chatter():
    """Has many threads print all the time, until the request that ends that has printed."""

    def go_on():
        while not over.is_set():
            print("chatter")

    for _ in range(16):
        threading.Thread(target=go_on, daemon=True).start()
    return "chatter"


@app.get("/enough")
def enough():
    print("printed among them")
    over.set()
    return "enough"


@app.get("/forked")
def forked():
    """The exit statuses of processes that end as a program of Python's does."""
    context = multiprocessing.get_context("fork")
    log.info("knows of the thread")
    process = context.Process(target=print, args=("from a process",))
    process.start()
    process.join()
    return str(process.exitcode)


@app.get("/redirected")
def redirected():
    kept = os.dup(1)
    with open("redirected.txt", "w") as file:
        os.dup2(file.fileno(), 1)
    print("to a file")
    os.dup2(kept, 1)
    os.close(kept)
    print("to the pipe")
    with open("redirected.txt") as file:
        return file.read()


@app.get("/dies")
def dies():
    print("last words")
    print("never flushed", end="")
    os._exit(3)


def facts():
    found = []
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        raw = getattr(stream.buffer, "raw", stream.buffer)
        found += [type(stream), type(stream.buffer), type(raw), repr(stream), repr(raw)]
        found += [stream.encoding, stream.errors, stream.newlines, stream.isatty()]
        found += [stream.fileno(), stream.name, stream.mode, raw.name, raw.mode]
        found += [raw.closefd, raw.seekable(), raw.readable(), stream.writable()]
        found += [stream.write_through, stream.write("")]
        found.append(isinstance(raw, io.FileIO) and isinstance(stream, io.TextIOWrapper))
    for wrong in ((), (1,), ("a", "b")):
        try:
            sys.stdout.write(*wrong)
        except TypeError as error:
            found.append(str(error))
    return "\n".join(map(str, found))


@app.get("/facts")
def facts_here():
    return facts()


if __name__ == "__main__":
    sys.__stdout__.buffer.write(facts().encode())
