"""A module that raises while it is imported."""

import decimal

app = decimal.Decimal(1) / 0
