"""Prints from what stands in for threads where eventlet has taken their place."""

import eventlet

eventlet.monkey_patch()

import threading
import time


def app(environ, start_response):
    name = environ["PATH_INFO"]
    print("printed for", name)
    thread = threading.Thread(target=print, args=("from a thread for", name))
    thread.start()
    thread.join()
    time.sleep(0.01)
    print("later for", name)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"green"]
