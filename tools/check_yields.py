#!/usr/bin/env python3
"""A function that calls one marked YIELDS can park its fiber too, so it must be marked itself.

The chain ends in a function that passes no error up: a fiber's main function (handed over by its
name), or one whose comment says "Yields." Tests are free. Calls through pointers are not seen.
"""

import re
import sys

import csource

MARKED = re.compile(r"\bYIELDS\b([^;{}=]*?)\b([a-z_]\w*)\s*\(")


def marked_names(text):
    """(names marked here that all files may call, names marked static here)"""
    shared, private = set(), set()
    for between, name in MARKED.findall(text):
        (private if "static" in between and "inline" not in between else shared).add(name)
    return shared, private


def fiber_mains(text):
    """Functions that take one pointer, return void, and are handed over by name."""
    mains = set(re.findall(r"^static void (\w+)\(void \*\w+( UNUSED)?\)$", text, re.M))
    return {name for name, _ in mains if re.search(rf"[,(={{] *{name} *[,)}};]", text)}


def documented_names(path):
    """Functions whose comment says that they yield."""
    text = csource.read(path)
    found = csource.declarations(text) if path.endswith(".h") else csource.functions(text)
    return {item.name for item in found if "ield" in csource.comment_above(text, item.line)}


def ends_the_chain(function, mains, documented):
    return not function.returns_err and function.name in mains | documented


def problems_in(name, text, shared, private, documented):
    mains = fiber_mains(text)
    own = {function.name for function in csource.functions(text)}
    for function in csource.functions(text):
        # A static function hides a shared one of the same name.
        yielding = (function.calls & private) | (function.calls & shared - (own - shared))
        yielding.discard(function.name)
        is_marked = "YIELDS" in function.signature or (
            function.name in shared and not function.is_static)
        if yielding and not is_marked and not ends_the_chain(function, mains, documented):
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
        if csource.is_test(name):
            continue
        problems += problems_in(name, text, shared, marked[name][1], in_headers | documented_names(name))
    return csource.report(problems)


if __name__ == "__main__":
    sys.exit(main())
