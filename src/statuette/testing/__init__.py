"""Twins in memory for the ports, and the suites that twin and real part pass alike. Shipped, so that others can test
with them.

Here: `Memory…` and `Plain…` twins, `…_suite` modules with tests to be inherited. Not here: tests of ours (`tests`),
anything a running platform uses. A new port brings its twin and its suite.
"""
