"""All measurements, one after the other: `make bench`. They assert nothing."""

from __future__ import annotations

from benchmarks import cards, extensions, imports, inspections, ordering, polls, tabs


def main() -> None:
    for part in (ordering, polls, tabs, cards, inspections, imports, extensions):
        part.main()


if __name__ == "__main__":
    main()
