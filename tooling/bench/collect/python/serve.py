"""The line protocol of a peer: it says once that it is ready, then each line it reads is a round, and each round is
answered with a line of its own.

    > {"ready": "CPython 3.11.7"}
    < collect 2
    > {"ns": 33200000, "objects": 59514}

`ns` is the CPU time of this thread for one collection, `objects` how many tracked objects that collection looked at.
"""
import gc
import os
import platform
import sys
import time

# What a program prints while it builds its graph is not an answer.
answers = sys.stdout
sys.stdout = sys.stderr


def serve(rounds):
    """Answers until its input ends. `rounds` maps the first word of a line to a function of the numbers after it,
    which returns (ns, objects)."""
    say('{"ready": "%s %s"}' % (platform.python_implementation(), platform.python_version()))
    for line in sys.stdin:
        name, *numbers = line.split()
        say('{"ns": %d, "objects": %d}' % rounds[name](*map(int, numbers)))
    os._exit(0)  # freeing a million objects first would be a wait for nothing


def timed_collect(generation):
    """The ns of one collection, and how many unreachable objects it found."""
    collect, clock = gc.collect, time.thread_time_ns
    before = clock()
    found = collect(generation)
    return clock() - before, found


def tracked(*generations):
    """How many objects are in these generations. It touches them all, so no round does it."""
    return sum(len(gc.get_objects(generation)) for generation in generations)


def say(line):
    answers.write(line + "\n")
    answers.flush()
