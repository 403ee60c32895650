"""The torture: a real platform under fire, driven and judged from outside.

Here: a seeded schedule of faults, uploads with a computable result, the faults themselves (signals, a full disk, a
moved clock, proxies before the store), the check of the history afterwards, the report. Not here: any decision of the
platform; it is started as a process by `manager`, which joins the same plugs with a clock that can be moved. Next:
`ordeal` for the course of one platform's torture, `judge` for what counts as lost, doubled or corrupted.
"""
