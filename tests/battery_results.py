"""What escapes from each layer, measured from outside, and the table that the documentation shows of it.

    python tests/battery_results.py GUARD.json ISOLATED.json KERNEL.json    # results of the battery in, the table out

The battery runs each of its attacks as a small test, in a network of its own, and looks from outside whether it really
happened: a listener has seen it, or a child has left its marker.
"""

from __future__ import annotations

import json
import os
import sys

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "samples", "battery.json")
LAYERS = ("guard", "isolated", "kernel")
CLASSES = {
    "py": "Python functions",
    "raw": "Python's C modules, called directly",
    "unpatch": "ways around patches: reload, base classes",
    "thread": "threads, callbacks and destructors",
    "late": "after the test, while the program ends",
    "swallow": "code that swallows the exception",
    "dns": "name look-ups",
    "server": "servers",
    "unix": "unix sockets",
    "indirect": "libraries that start a program themselves",
    "child": "the network, in a child process",
    "interp": "sub-interpreters",
    "early": "sockets and processes from before the test",
    "ctypes": "C functions through ctypes and cffi, io_uring",
    "cext": "C extensions with their own sockets",
}


def counted(results: list[dict[str, str]]) -> dict[str, list[int]]:
    """The attacks of each class, and how many of them have happened."""
    found: dict[str, list[int]] = {name: [0, 0] for name in CLASSES}
    for result in results:
        if result["expect"] == "block":
            found[result["cls"]][0] += 1
            found[result["cls"]][1] += result["verdict"] == "ESCAPE"
    return found


def table(stored: dict[str, dict[str, list[int]]]) -> str:
    """The table, in Markdown."""
    lines = ["| attack through | attacks | guard | isolated | kernel sandbox |", "|---|---|---|---|---|"]
    totals = [0] * (1 + len(LAYERS))
    for name, text in CLASSES.items():
        row = [stored["guard"][name][0], *(stored[layer][name][1] for layer in LAYERS)]
        totals = [total + value for total, value in zip(totals, row, strict=True)]
        lines.append(f"| {text} | {' | '.join(map(str, row))} |")
    lines.append(f"| **all** | {' | '.join(f'**{total}**' for total in totals)} |")
    return "\n".join(lines) + "\n"


def load() -> dict[str, dict[str, list[int]]]:
    """The results as they are stored."""
    with open(FILE, encoding="utf-8") as file:
        stored: dict[str, dict[str, list[int]]] = json.load(file)
    return stored


def main() -> None:
    """Store results, and print the table."""
    stored = {}
    for layer, path in zip(LAYERS, sys.argv[1:], strict=True):
        with open(path, encoding="utf-8") as file:
            stored[layer] = counted(json.load(file)["results"])
    with open(FILE, "w", encoding="utf-8") as file:
        json.dump(stored, file, indent=1)
        file.write("\n")
    print(table(stored), end="")


if __name__ == "__main__":
    main()
