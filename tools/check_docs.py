#!/usr/bin/env python3
"""Every function that a header declares has a comment, alone or with the block that it stands in;
one that yields says so there: "Yields." """

import sys

import csource


def problems_in(path):
    for declaration in csource.declarations(csource.read(path)):
        where = f"{path}:{declaration.line}: {declaration.name}"
        if not declaration.comment:
            yield f"{where} has no comment"
        elif "YIELDS" in declaration.text and "ield" not in declaration.comment:
            yield f"{where} is YIELDS, but its comment does not say \"Yields.\""


def main():
    problems = []
    for path in csource.tracked("src/*.h", "tests/*.h"):
        problems += problems_in(path)
    return csource.report(problems)


if __name__ == "__main__":
    sys.exit(main())
