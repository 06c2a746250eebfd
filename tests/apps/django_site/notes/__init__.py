"""Notes: a model, its admin, and views for each thing a browser does."""
