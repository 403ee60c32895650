"""Processes beneath: orphans are adopted, seen and buried."""

import signal
import subprocess
import sys

from statuette.torture import tree

SCRIPT = """
import os, subprocess, sys
from statuette.torture import tree
tree.adopt_orphans()
middle = subprocess.Popen(["sh", "-c", "sleep 60 & echo $!"], stdout=subprocess.PIPE, text=True)
orphan = int(middle.stdout.readline())
middle.wait()
print(orphan in tree.adopted(set()), orphan in tree.beneath(os.getpid()))
os.kill(orphan, 9)
import time; time.sleep(0.2)
tree.bury(tree.adopted(set()))
print(tree.adopted(set()))
"""


def test_an_orphan_becomes_ours_and_is_buried():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout == "True True\n[]\n"


def test_who_lives_is_known_by_number_and_start(sleeper):
    [(pid, started)] = known = tree.known([sleeper.pid])
    assert tree.living(known) == known
    assert not tree.living({(pid, started + 1)})
    assert tree.signal_quietly(pid, signal.SIGKILL)
    sleeper.wait()
    assert not tree.living(known)
    assert tree.command(pid) == ""
    assert not tree.signal_quietly(pid, signal.SIGKILL)
