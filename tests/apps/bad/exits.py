"""A module that ends the interpreter while it is imported."""

import sys

sys.exit(5)
