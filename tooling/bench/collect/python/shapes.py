"""Times `gc.collect()` on lists linked into a plain shape.

    python3 shapes.py SHAPE OLD [YOUNG]

OLD lists are built and grow old; they are all alive, held by one more list. That one is younger than they are, as after
`heads = nodes[::10]`, unless SHAPE ends with "/heads first", as after `heads = [make() for _ in ...]`: CPython's collector
goes through its objects by age, and what is found reachable early is not moved about. Answers, as serve.py says:

    collect 2        a full collection, which finds no garbage
    young-live N     N collections of generation 0, mean of one: YOUNG lists of the same shape, all alive
    young-garbage N  the same, all unreachable: their freeing is a part of the collection
"""
import gc
import sys

import serve

RING = 10


def rings(count, heads):
    """Rings of ten one-item lists. The head of each is held."""
    nodes = [[None] for _ in range(count)]
    for i in range(count):
        last = (i + 1) % RING == 0 or i + 1 == count
        nodes[i][0] = nodes[i - i % RING if last else i + 1]
    heads.extend(nodes[::RING])


def tree(count, heads):
    """A binary tree of two-item lists, breadth first; the last one leads back to the root, which is held."""
    nodes = [[None, None] for _ in range(count)]
    for i in range((count + 1) // 2):
        for side in (0, 1):
            if 2 * i + 1 + side < count:
                nodes[i][side] = nodes[2 * i + 1 + side]
    nodes[-1][0] = nodes[0]
    heads.append(nodes[0])


def random4(count, heads):
    """Four-item lists: the next one, then three at random. The first is held."""
    nodes = [[None, None, None, None] for _ in range(count)]
    seed = 42
    for i in range(count):
        nodes[i][0] = nodes[(i + 1) % count]
        for item in (1, 2, 3):
            seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
            nodes[i][item] = nodes[seed * count >> 32]
    heads.append(nodes[0])


def main(shape, old_count, young_count=0):
    shape, _, order = shape.partition("/")
    build = {"rings": rings, "tree": tree, "random4": random4}[shape]
    young_heads = []
    gc.disable()
    gc.collect()
    gc.freeze()  # the interpreter's own objects, and the list of young heads, are in no generation
    old_heads = []
    build(old_count, old_heads)
    if order != "heads first":
        old_heads = old_heads[:]  # as `heads = nodes[::10]`: a list that is younger than what it holds
    gc.collect()
    old = serve.tracked(0, 1, 2)

    def collect(generation):
        ns, found = serve.timed_collect(generation)
        expect(found, 0)
        return ns, old

    def young_live(times):
        total = 0
        for _ in range(times):
            build(young_count, young_heads)
            ns, found = serve.timed_collect(0)
            expect(found, 0)
            total += ns
            young_heads.clear()
            expect(gc.collect(1), young_count)  # not timed: the survivors leave no trace
        return total // times, young_count

    def young_garbage(times):
        total = 0
        for _ in range(times):
            build(young_count, young_heads)
            young_heads.clear()
            ns, found = serve.timed_collect(0)
            expect(found, young_count)
            total += ns
        return total // times, young_count

    serve.serve({"collect": collect, "young-live": young_live, "young-garbage": young_garbage})


def expect(found, expected):
    if found != expected:
        raise SystemExit("shapes.py: a collection found %d unreachable objects, not %d" % (found, expected))


main(sys.argv[1], *map(int, sys.argv[2:]))
