"""Reading our C well enough for the checks.

clang-format fixes the shape (a function's body is between a `{` and a `}` in the first column), so
that no C parser is needed.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<literal>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""", re.S)
KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof", "defined", "do", "else", "case",
            "__typeof__", "_Alignas", "_Alignof", "_Static_assert", "__attribute__"}


def tracked(*patterns):
    """Paths of the repository's files, relative to its root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns]
    out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(path for path in out.split("\0") if path and (ROOT / path).exists())


def is_test(path):
    """Unit tests and what only they use."""
    return re.search(r"_test(_support)?\.[ch]$", path) is not None


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def blank(text):
    """Spaces of the same shape."""
    return re.sub(r"[^\n]", " ", text)


def strip(text, literals=True):
    """The text without comments and, if asked, without what is inside of literals."""
    def replace(match):
        if match["comment"]:
            return blank(match["comment"])
        literal = match["literal"]
        return literal[0] + blank(literal[1:-1]) + literal[-1] if literals else literal
    return TOKEN.sub(replace, text)


@dataclass
class Function:
    name: str
    signature: str
    body: str
    line: int       # of the signature's first line
    end_line: int

    @property
    def is_static(self):
        return re.search(r"\bstatic\b", self.signature) is not None

    @property
    def is_test(self):
        return re.match(r"\s*([A-Z]+_)?TEST\(", self.signature) is not None

    @property
    def returns_err(self):
        return re.match(r"[\w\s]*\bErr \*", without_attributes(self.signature)) is not None

    @property
    def lines(self):
        return self.end_line - self.line + 1

    @property
    def calls(self):
        return {name for name in re.findall(r"\b([A-Za-z_]\w*)\s*\(", self.body)} - KEYWORDS


def without_attributes(signature):
    return re.sub(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)", " ", signature)


def name_of(signature):
    match = re.search(r"([A-Za-z_]\w*)\s*\(", without_attributes(signature))
    if match is None:
        return None
    if match[1] == "TEST":
        suite, name = re.search(r"TEST\(\s*(\w+)\s*,\s*(\w+)", signature).groups()
        return f"{suite}.{name}"
    return match[1]


def functions(text):
    """The functions that a file defines."""
    lines = strip(text).split("\n")
    found = []
    for i, line in enumerate(lines):
        if line.rstrip() != "{":
            continue
        start = i
        while start > 0 and lines[start - 1].strip() and lines[start - 1][0] not in "#}":
            start -= 1
        signature = "\n".join(lines[start:i])
        end = next((j for j in range(i, len(lines)) if lines[j].startswith("}")), i)
        if "(" in signature and ";" not in signature and name_of(signature):
            found.append(Function(name_of(signature), signature, "\n".join(lines[i:end + 1]),
                                  start + 1, end + 1))
    return found


@dataclass
class Declaration:
    name: str
    text: str
    line: int
    comment: str    # the one above it, or above the block of declarations that it is in


def declarations(text):
    """The functions that a header declares (or defines inline), with their comments."""
    bare = re.sub(r"^#.*?(?<!\\)$", lambda m: blank(m[0]), strip(text), flags=re.M | re.S)
    pattern = re.compile(r"^(?!typedef\b|struct\b[^(]*\{|union\b|enum\b|extern\b)[A-Za-z_][^;{}]*\([^;{}]*\)[^;{}]*[;{]",
                         re.M)
    found = []
    for match in pattern.finditer(bare):
        name = name_of(match[0])
        if name and not re.match(r"\s*[A-Z_]+\s*\(", match[0]):
            line = bare.count("\n", 0, match.start()) + 1
            found.append(Declaration(name, match[0], line, comment_above(text, line)))
    return found


def comment_above(text, line):
    """Walks up over the declarations of the same block to the comment that stands above it."""
    lines = text.split("\n")
    i = line - 2
    while i >= 0 and lines[i].strip() and not lines[i].rstrip().endswith("*/"):
        i -= 1
    if i < 0 or not lines[i].strip():
        return ""
    end = i
    while i >= 0 and "/*" not in lines[i]:
        i -= 1
    return "\n".join(lines[i:end + 1])


def report(problems):
    """Prints problems; returns the exit code of a check."""
    for problem in problems:
        print(problem)
    return 1 if problems else 0
