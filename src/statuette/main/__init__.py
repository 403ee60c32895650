"""The manager as a process: the only place that joins ports to plugs and reads the settings.

Here: the state folder and its lock, opening every plug, the public port, signals, the doctor. Not here: any decision
of the platform (`core`). Next: `joining` for which plug goes where, `serving` for the life of the process.
"""
