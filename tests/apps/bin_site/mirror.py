"""httpbin with one route of our own, so that there is user code to reload."""

from httpbin import app
from wording import WORDING


@app.route("/wording")
def wording():
    return WORDING
