"""Writes down what runs where: a line for each note, with the kind of process and its number."""

import os

NOTES = os.path.join(os.path.dirname(os.path.abspath(__file__)), ".notes")


def note(what):
    kind = "worker" if "HERMETIC_ISOLATED" in os.environ else "host"
    with open(NOTES, "a", encoding="utf-8") as file:
        file.write(f"{what} {kind} {os.getpid()}\n")
