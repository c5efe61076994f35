"""All measurements, or those that are named: `python -m benchmarks [--quick] [--keep] [name …]`."""

from __future__ import annotations

import argparse
import time
from importlib import import_module

from benchmarks import figures

PARTS = (
    "polls",
    "tabs",
    "ordering",
    "rates",
    "cards",
    "inspections",
    "imports",
    "extensions",
    "growth",
    "october",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run, and about how fast")
    parser.add_argument("--keep", action="store_true", help="write the figures into benchmarks/figures.json")
    parser.add_argument("parts", nargs="*", metavar="name", help=", ".join(PARTS))
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    for name in asked.parts or PARTS:
        began = time.monotonic()
        import_module(f"benchmarks.{name}").main(quick=asked.quick)
        print(f"({name}: {time.monotonic() - began:.0f} s)", flush=True)
        if asked.keep:
            figures.save()


if __name__ == "__main__":
    main()
