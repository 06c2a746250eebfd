"""Reads connections with h11, to compare: one a line as hexadecimal on stdin; on stdout,
for each, a line of JSON with its requests and how it ended.

    python h11_reader.py FOLDER_WITH_H11
"""

import json
import sys

sys.path.insert(0, sys.argv[1])
import h11  # noqa: E402

# As rdev's largest head.
LARGEST_EVENT = 64 << 10


def read(data):
    """(requests, end): end is "more", "closed" or "refused"."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_EVENT)
    connection.receive_data(data)
    requests = []
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                return requests, "more"
            if isinstance(event, h11.Request):
                body, request = bytearray(), event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                if request.method == b"CONNECT":
                    return requests, "refused"
                requests.append(plain(request, bytes(body)))
                answer(connection)
                if connection.our_state is not h11.DONE:
                    return requests, "closed"
                connection.start_next_cycle()
            else:
                return requests, "closed"
    except h11.RemoteProtocolError:
        return requests, "refused"


def answer(connection):
    connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
    connection.send(h11.EndOfMessage())


def plain(request, body):
    headers = request.headers.raw_items()
    return {
        "method": request.method.decode("latin-1"),
        "target": request.target.decode("latin-1"),
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers],
        "body": body.hex(),
    }


for line in sys.stdin:
    requests, end = read(bytes.fromhex(line))
    print(json.dumps({"requests": requests, "end": end}), flush=False)
