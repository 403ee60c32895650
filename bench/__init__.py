"""The measurements behind the promises of the design, each beside its baseline in the same run.

`python -m bench [--long] [--only NAME …] [-o table|json|markdown]`. One module is one benchmark: it has `TITLE` and
`run(context) -> list[Figure]`. No time is ever asserted; a benchmark fails only when something could not be run. How to
read the figures: `docs/performance.md`.
"""
