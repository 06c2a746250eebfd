"""Server-sent events: one answer that goes on for minutes, piece by piece.

    rdev examples/streaming.py --reload

Open http://127.0.0.1:8888/ and watch the clock tick, or read along in a terminal:

    curl -N http://127.0.0.1:8888/events
    curl -N "http://127.0.0.1:8888/events?count=5&pause=0.2"

Every piece is sent the moment it is yielded. Stop curl, and the generator is closed: the
line that says so is printed. Save this file while a stream runs: the stream goes on in
the code it began in, new requests are answered by the new code.
"""

import json
import time
from urllib.parse import parse_qs

PAGE = b"""\
<!doctype html>
<title>Events</title>
<h1>Waiting for the first event</h1>
<script>
  const events = new EventSource("/events");
  events.addEventListener("tick", event => {
    const tick = JSON.parse(event.data);
    document.querySelector("h1").textContent = `${tick.time}, event ${tick.number}`;
  });
</script>
"""


def app(environ, start_response):
    """The page, the stream it listens to, and nothing else."""
    if environ["PATH_INFO"] == "/":
        start_response("200 OK", [("Content-Type", "text/html")])
        return [PAGE]
    if environ["PATH_INFO"] == "/events":
        query = parse_qs(environ["QUERY_STRING"])
        count = int(query.get("count", ["600"])[0])
        pause = float(query.get("pause", ["1"])[0])
        headers = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")]
        start_response("200 OK", headers)
        # Nobody knows its length yet, so it is sent in chunks.
        return ticks(count, pause)
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"There are / and /events here.\n"]


def ticks(count, pause):
    """Yields one event after the other: the time, and how many there have been."""
    sent = 0
    try:
        while sent < count:
            if sent > 0:
                time.sleep(pause)
            sent += 1
            tick = {"number": sent, "time": time.strftime("%H:%M:%S")}
            yield f"event: tick\nid: {sent}\ndata: {json.dumps(tick)}\n\n".encode()
    finally:
        # Runs also when the reader has left: WSGI has the server close the generator.
        print(f"a stream has ended after {sent} of {count} events")
