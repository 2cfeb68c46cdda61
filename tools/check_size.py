#!/usr/bin/env python3
"""Functions stay small and flat, files short. Prints the figures; fails beyond the limits."""

import statistics
import sys

import csource

LINES_MAX = 80
DEPTH_MAX = 4
FILE_LINES_MAX = 700
TEST_LINES_MAX = 1000


def depth(function):
    """Braces inside of the body's own, initialisers left aside."""
    level = deepest = 0
    for line in function.body.split("\n"):
        stripped = line.strip()
        level -= stripped.startswith("}")
        if stripped.endswith("{") and not stripped.endswith(("= {", ", {", "({", "({{")) and stripped != "{":
            deepest = max(deepest, level)
        opens, closes = stripped.count("{"), stripped.count("}") - stripped.startswith("}")
        level += opens - closes
    return deepest


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main():
    problems, sizes, depths = [], [], []
    for path in csource.tracked("src/*.c", "src/*.h", "tests/*.c"):
        text = csource.read(path)
        limit = TEST_LINES_MAX if path.endswith("_test.c") else FILE_LINES_MAX
        if text.count("\n") > limit:
            problems.append(f"{path}: {text.count(chr(10))} lines; split it ({limit} at most)")
        for function in csource.functions(text):
            sizes.append(function.lines)
            depths.append(depth(function))
            where = f"{path}:{function.line}: {function.name}"
            if function.lines > LINES_MAX:
                problems.append(f"{where} has {function.lines} lines ({LINES_MAX} at most)")
            if depths[-1] > DEPTH_MAX:
                problems.append(f"{where} nests {depths[-1]} deep ({DEPTH_MAX} at most)")
    print(f"{len(sizes)} functions; lines: median {statistics.median(sizes):.0f}, "
          f"p95 {percentile(sizes, 0.95)}, longest {max(sizes)}; depth: p95 {percentile(depths, 0.95)}, "
          f"deepest {max(depths)}")
    return csource.report(problems)


if __name__ == "__main__":
    sys.exit(main())
