#!/usr/bin/env python3
"""Includes go one way: base <- fiber <- io <- port <- http <- app <- voms <- operate <- bin.

A concept (a folder of src/voms) is used by others through its <concept>.h alone, except for what
they share in voms/common; a made x.sql.h is used only beside its x.sql.
"""

import re
import sys
from pathlib import Path

import csource

LAYERS = ["base", "fiber", "io", "port", "http", "app", "voms", "operate", "bin"]
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


def problem_with(path, include):
    """Why the file at path may not include that, or None."""
    layer, target = path.parts[1], Path(include)
    if include.startswith("tests/") and csource.is_test(path.name):
        return None
    if include.endswith(".sql.h"):
        own = Path(*path.parts[1:-1], target.name)
        is_own = target == own or target == Path(target.name)
        return None if is_own else "the statements of another folder"
    if len(target.parts) < 2 or target.parts[0] not in LAYERS:
        return "an include is written from src/, such as \"base/str.h\""
    if not (csource.ROOT / "src" / target).exists():
        return "no such file"
    if LAYERS.index(target.parts[0]) > LAYERS.index(layer):
        return f"{layer} may not use {target.parts[0]}"
    # A test may look into another concept to make what it needs.
    if target.parts[0] == layer == "voms" and not csource.is_test(path.name):
        return problem_between_concepts(path, target)
    return None


def problem_between_concepts(path, target):
    concept = target.parts[1]
    is_own = len(path.parts) > 3 and path.parts[2] == concept
    is_public = len(target.parts) == 2 or concept == "common" or target.name == f"{concept}.h"
    return None if is_own or is_public else f"use {concept} through voms/{concept}/{concept}.h"


def main():
    problems = []
    for name in csource.tracked("src/*.c", "src/*.h"):
        path, text = Path(name), csource.strip(csource.read(name), literals=False)
        if len(path.parts) < 3:
            continue
        for match in INCLUDE.finditer(text):
            problem = problem_with(path, match[1])
            if problem:
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f"{name}:{line}: \"{match[1]}\": {problem}")
    return csource.report(problems)


if __name__ == "__main__":
    sys.exit(main())
