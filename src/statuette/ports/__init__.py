"""What the core needs from outside: one Protocol a file, five methods at most.

Here: promises only, with what an implementer asks (am I called again? what is kept if I fail?), and the tree of errors.
Not here: any implementation. Twins in memory are in `testing`, real plugs in `adapters` and `backends`.
"""
