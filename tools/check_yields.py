#!/usr/bin/env python3
"""A function that calls one marked YIELDS can park its fiber too, so it must be marked itself.

The chain ends where no error can be passed up, in a function that returns void: a fiber's main
function (given to fiber_spawn), one whose comment says "Yields.", and those of tests. Calls through
pointers are not seen.
"""

import re
import sys

import csource

MARKED = re.compile(r"\bYIELDS\b([^;{}=]*?)\b([a-z_]\w*)\s*\(")
SPAWNED = re.compile(r"\bfiber_spawn\s*\((?:[^();]|\([^()]*\))*\)")


def marked_names(text):
    """(names marked here that all files may call, names marked static here)"""
    shared, private = set(), set()
    for between, name in MARKED.findall(text):
        (private if "static" in between and "inline" not in between else shared).add(name)
    return shared, private


def spawned_names(text):
    """Everything that is named in a call of fiber_spawn."""
    return {word for call in SPAWNED.findall(text) for word in re.findall(r"\b[a-z_]\w*\b", call)}


def documented_names(path):
    """Functions whose comment says that they yield."""
    text = csource.read(path)
    found = csource.declarations(text) if path.endswith(".h") else csource.functions(text)
    return {item.name for item in found if "ield" in csource.comment_above(text, item.line)}


def ends_the_chain(function, name, spawned, documented):
    if function.is_test or not function.returns_void:
        return function.is_test
    return name.endswith("_test.c") or function.name in spawned | documented


def problems_in(name, text, shared, private, documented):
    spawned = spawned_names(text)
    own = {function.name for function in csource.functions(text)}
    for function in csource.functions(text):
        # A static function hides a shared one of the same name.
        yielding = (function.calls & private) | (function.calls & shared - (own - shared))
        yielding.discard(function.name)
        is_marked = "YIELDS" in function.signature or (
            function.name in shared and not function.is_static)
        if yielding and not is_marked and not ends_the_chain(function, name, spawned, documented):
            yield (f"{name}:{function.line}: {function.name} calls {', '.join(sorted(yielding))}, "
                   "which yields, but is not marked YIELDS")


def main():
    texts = {name: csource.strip(csource.read(name)) for name in csource.tracked("src/*.c", "src/*.h")}
    marked = {name: marked_names(re.sub(r"^#define.*?(?<!\\)$", "", text, flags=re.M | re.S))
              for name, text in texts.items()}
    shared = set().union(*(names[0] for names in marked.values()))
    in_headers = set().union(*(documented_names(path) for path in texts if path.endswith(".h")))
    problems = []
    for name, text in texts.items():
        problems += problems_in(name, text, shared, marked[name][1], in_headers | documented_names(name))
    return csource.report(problems)


if __name__ == "__main__":
    sys.exit(main())
