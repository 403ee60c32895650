"""Serverless inference: put a file into a bucket, or make a call, and a container with a trained model runs on it.

The rooms, from the ground up: `spec`, `events`, `settings` · `ports` · `core`, `supervisor`, `backends`, `adapters`,
`testing` · `web`, `client` · `api`, `gateway`, `cli` · `main`. A room imports from floors below only; docs/rooms has
a page for each.
"""

__version__ = "0.1.0"
