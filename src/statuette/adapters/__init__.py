"""Whatever plugs into a port, save what runs scripts: each folder one kind of plug, removed by deleting it.

Here: ledgers, stores, identities, logs, bodies, clocks. Not here: runners (`backends`), the promises themselves
(`ports`). No plug knows another; a foreign library's errors stop at the plug that speaks to it. Next: `main.joining`
says which plug goes where.
"""
