"""Where runners live: one folder for each kind of place.

Here: `local` (processes in sandboxes on this machine). Each plug keeps the promises of `ports.backend` and knows no
other plug. Not here: what a runner is used for (`supervisor`) and how many there are (`core.fleet`).
"""
