#!/usr/bin/env python3
"""Prints what the first ACTIONS actions of a seed's plan are, one line each, with the first thing that each
draws for itself: a failpoint, or what is done to a stream or a link. Says nothing about whether it was met.

    drawn.py SEED ACTIONS
"""
import random
import sys

import actions
from stack import PROXIED

FIRST = {"fp_kill": actions.POINTS, "fp_stop": actions.POINTS, "fp_delay": actions.POINTS, "fp_error": actions.FAILING}
LINKS = [(name, to) for name in PROXIED[:3] + ["execution"] for to in ("nats", "pg")] + [("execution", "venue")] * 3


def place(name, own):
    """What the action draws first; see the functions in actions.py."""
    if name in FIRST:
        return own.choice(FIRST[name])[1]
    if name == "torn_stream":
        return own.choice(["tail", "tail", "empty", "flip", "lost"])
    if name == "net_cut":
        service, to = own.choice(LINKS)
        how = own.choice(["cut", "hold", "refuse", "half", "commit"])
        how = "half" if how == "commit" and to != "pg" else how
        return "claim" if how == "commit" and service == "execution" and own.random() < 0.7 else how
    return ""


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    for number in range(1, count + 1):
        name = actions.choose(seed, number).__name__
        print(("%s %s" % (name, place(name, random.Random("%s/%d" % (seed, number))))).strip())


main()
