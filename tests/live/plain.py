"""Answers one request with `web:app` from a folder, in plain Python."""

import sys

sys.path[0] = sys.argv.pop()

import web

print(b"".join(web.app({}, lambda *arguments: None)).decode())
