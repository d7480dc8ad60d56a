"""Stands in for the recorder's module of this name, which the recorded graph programs hand their graph to: it times
`gc.collect()` on the graph instead of writing it down.

    PYTHONPATH=<this folder> python3 graph_programs/object_web.py

Answers "collect 2", as serve.py says: the survivors are kept, the garbage went before the first round. (What is younger
than generation 2 was moved there by then: rounds of generations 0 and 1 find next to nothing.)
"""
import gc

import serve


def main(name, build):
    keep = build()  # held by this frame, which ends with the process
    gc.disable()
    gc.collect()
    objects = [serve.tracked(*range(generation + 1)) for generation in range(3)]

    def collect(generation):
        ns, _ = serve.timed_collect(generation)
        return ns, objects[generation]

    serve.serve({"collect": collect})
