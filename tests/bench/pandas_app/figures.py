"""A Flask application with a table of figures, for the time that importing pandas takes."""

import pandas
from flask import Flask, jsonify
from wording import WORDING

app = Flask(__name__)
SALES = pandas.DataFrame({"town": ["Ulm", "Bonn", "Ulm"], "sold": [3, 4, 5]})


@app.get("/wording")
def wording():
    return WORDING


@app.get("/sales")
def sales():
    return jsonify(SALES.groupby("town")["sold"].sum().to_dict())
