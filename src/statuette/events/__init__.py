"""What happened and what is to be done, as plain values.

Here: events of every store and caller, jobs and attempts, their keys, states and transitions.
Not here: what a service is (`spec`), where any of this is kept (`ports`, `adapters`).
No I/O, no clock: times come in as arguments. Next: `ports` for who keeps and hands out jobs.
"""
