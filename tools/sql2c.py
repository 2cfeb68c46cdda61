#!/usr/bin/env python3
"""Makes C constants from a .sql file: sql2c.py volunteer.sql volunteer.sql.h

A file holds statements, each under a line that names it:

    -- name: volunteer_find              the text serves both databases
    -- name: volunteer_search -- sqlite  a variant, where they must differ;
    -- name: volunteer_search -- postgres   both variants are needed
    -- name: volunteer_count -- scan     may read many rows: runs off the loop on SQLite
    -- name: volunteer_find -- by_id      at most one row, which the only parameter, = $1, finds by the
                                         id that is its first column: reads of one turn are merged
    -- name: term_insert -- rows         an INSERT of one row of VALUES, which holds all parameters: many
                                         rows go in with few executions of a form that repeats it
    -- name: person_insert -- rows scattered   the same, but not on SQLite, which would copy each page
                                         that such an execution changes: it pays for neighbours only
    -- clause: volunteer_list.state      a fragment that a statement is composed from

Lines that several statements of a file share are written once, before them,

    -- text: volunteer_row

and stand in each where it says

    -- use: volunteer_row

A statement or clause becomes `static const SqlStatement SQL_VOLUNTEER_FIND` (SQL_VOLUNTEER_LIST_STATE
for a clause), of which src/io/sql.h has the type. Further lines that begin with -- are comments.

sql2c.py --index all_statements.c a.sql b.sql … makes the table of all statements (no clauses), for
the check that prepares each of them on both databases.
"""

import re
import sys
from pathlib import Path

HEADING = re.compile(r"^-- (?P<what>name|clause|text): +(?P<name>[a-z][a-z0-9_.]*)(?P<rest>( +-- .*)?)$")
USE = re.compile(r"^-- use: +(?P<name>[a-z][a-z0-9_]*)$")
WRITES = re.compile(r"\b(INSERT\s+INTO|REPLACE\s+INTO|DELETE\s+FROM|(?<!FOR )(?<!KEY )(?<!DO )UPDATE\s+\w)", re.I)
BY_ID = re.compile(r"= \$1\b")
ROW = re.compile(r"\bVALUES\s+(?P<row>\((?:[^()]|\([^()]*\))*\))(?P<tail>(\s+ON CONFLICT\b.*)?)$", re.S)
ATTRIBUTES = {"sqlite", "postgres", "scan", "by_id", "rows", "scattered"}
ROWS_MAX = 100
ROWS_PARAMETERS_MAX = 1200


class SqlError(Exception):
    pass


class Statement:
    def __init__(self, name, is_clause):
        self.name = name
        self.is_clause = is_clause
        self.scan = False
        self.by_id = False
        self.rows = False
        self.scattered = False
        self.texts = {}  # "both", or "sqlite" and "postgres"
        self.where = None

    @property
    def constant(self):
        return "SQL_" + self.name.upper().replace(".", "_")


def without_literals(text):
    """Quoted text and comments say nothing about what a statement does."""
    return re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", " ", text, flags=re.S)


def parameters(text):
    return {int(number) for number in re.findall(r"\$(\d+)", without_literals(text))}


def split(path):
    """Yields (heading match, line number, lines of the text, shared ones in their places)."""
    heading, number, lines = None, 0, []
    shared, used = {}, set()
    for i, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        if re.match(r"--\s*(name|clause|text)\b", line):
            match = HEADING.match(line.rstrip())
            if match is None or (match["what"] == "text" and match["rest"]):
                raise SqlError(f"{path}:{i}: cannot read this heading: {line}")
            if heading is not None and heading["what"] != "text":
                yield heading, number, lines
            heading, number, lines = match, i, []
            if match["what"] == "text" and shared.setdefault(match["name"], lines) is not lines:
                raise SqlError(f"{path}:{i}: the text {match['name']} was already there")
        elif re.match(r"\s*--\s*use:", line):
            use = USE.match(line.rstrip())
            if use is None or heading is None or shared.get(use["name"], lines) is lines:
                raise SqlError(f"{path}:{i}: no text of that name above: {line}")
            used.add(use["name"])
            lines += shared[use["name"]]
        elif line.lstrip().startswith("--"):
            continue
        elif line.strip() and heading is None:
            raise SqlError(f"{path}:{i}: text before the first `-- name:` line")
        elif line.strip():
            lines.append(line.rstrip())
    if heading is not None and heading["what"] != "text":
        yield heading, number, lines
    for name in shared.keys() - used:
        raise SqlError(f"{path}: nobody uses the text {name}")


def clean(lines):
    indent = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    text = "\n".join(line[indent:] for line in lines).strip()
    return text[:-1].rstrip() if text.endswith(";") else text


def check_text(where, name, text):
    bare = without_literals(text)
    if not text:
        raise SqlError(f"{where}: {name} has no text")
    if ";" in bare:
        raise SqlError(f"{where}: {name} holds more than one statement")
    if re.search(r"\bSELECT\s+(DISTINCT\s+)?(\w+\.)?\*", bare, re.I) or re.search(
            r"\bRETURNING\s+\*", bare, re.I):
        raise SqlError(f"{where}: {name} says `*`; list the columns")
    numbers = parameters(text)
    if numbers and numbers != set(range(1, max(numbers) + 1)):
        missing = sorted(set(range(1, max(numbers) + 1)) - numbers)
        raise SqlError(f"{where}: {name} does not use ${missing[0]}")


def add(statements, heading, where, text):
    name, is_clause = heading["name"], heading["what"] == "clause"
    attributes = set(heading["rest"].replace("--", " ").replace(",", " ").split())
    if attributes - ATTRIBUTES:
        raise SqlError(f"{where}: unknown attribute {' '.join(sorted(attributes - ATTRIBUTES))}")
    if "." in name and not is_clause:
        raise SqlError(f"{where}: only a clause may have a dot in its name")
    check_text(where, name, text)
    variants = attributes & {"sqlite", "postgres"} or {"both"}
    statement = statements.setdefault(name, Statement(name, is_clause))
    statement.scan |= "scan" in attributes
    statement.by_id |= "by_id" in attributes
    statement.rows |= "rows" in attributes
    statement.scattered |= "scattered" in attributes
    statement.where = statement.where or where
    for variant in variants:
        if variant in statement.texts or (statement.texts and "both" in variants | set(statement.texts)):
            raise SqlError(f"{where}: {name} was already there")
        statement.texts[variant] = text


def check_statement(statement):
    texts = statement.texts
    if statement.by_id and ("both" not in texts or len(re.findall(r"\$", texts["both"])) != 1 or
                            not BY_ID.search(texts["both"])):
        raise SqlError(f"{statement.where}: {statement.name} is by_id and has more than `= $1`")
    if statement.rows and "both" in texts:
        match = ROW.search(texts["both"])
        if match is None or parameters(match["row"]) != parameters(texts["both"]) or "$" in (
                without_literals(texts["both"][:match.start("row")] + match["tail"])):
            raise SqlError(f"{statement.where}: {statement.name} has parameters beside one row of VALUES")
    elif statement.rows or statement.scattered:
        raise SqlError(f"{statement.where}: {statement.name} needs one text, with rows")
    if "both" in texts:
        return
    if set(texts) != {"sqlite", "postgres"}:
        missing = ({"sqlite", "postgres"} - set(texts)).pop()
        raise SqlError(f"{statement.where}: {statement.name} has no variant for {missing}")
    if parameters(texts["sqlite"]) != parameters(texts["postgres"]):
        raise SqlError(f"{statement.where}: the variants of {statement.name} differ in parameters")


def parse(path):
    """Returns the statements of a file, in order."""
    statements = {}
    for heading, number, lines in split(path):
        add(statements, heading, f"{path}:{number}", clean(lines))
    constants = {}
    for statement in statements.values():
        check_statement(statement)
        other = constants.setdefault(statement.constant, statement.name)
        if other != statement.name:
            raise SqlError(f"{statement.where}: {statement.name} and {other} make the same constant")
    return list(statements.values())


def c_text(text):
    lines = text.split("\n")
    quoted = []
    for i, line in enumerate(lines):
        end = "\\n" if i + 1 < len(lines) else ""
        quoted.append('"' + line.replace("\\", "\\\\").replace('"', '\\"') + end + '"')
    return "\n        ".join(quoted)


def c_bool(value):
    return "true" if value else "false"


def many_definition(statement, storage):
    """The same for all ids of an array, which only PostgreSQL is asked."""
    text = re.sub(r"\s+LIMIT 1$", "", statement.texts["both"])
    postgres = BY_ID.sub("= ANY(CAST($1 AS bigint[]))", text)
    name = statement.constant
    return "\n".join([
        f"{storage} const SqlStatement {name}_MANY UNUSED = {{",
        f'    .name = "{statement.name}_many",',
        f"    .sqlite = {name}_TEXT,",
        f"    .postgres = {c_text(postgres)},",
        "    .param_count = 1,",
        "};",
    ])


def repeated(statement):
    """The text with its row as often as it may be, and how often that is."""
    text = statement.texts["both"]
    match = ROW.search(text)
    width = max(parameters(text))
    count = max(2, min(ROWS_MAX, ROWS_PARAMETERS_MAX // width))
    row = re.sub(r"\s+", " ", match["row"])
    rows = (re.sub(r"\$(\d+)", lambda number, first=i * width: f"${first + int(number[1])}", row)
            for i in range(count))
    return text[:match.start("row")] + ",\n".join(rows) + match["tail"], count


def rows_definition(statement, storage):
    text, count = repeated(statement)
    name = statement.constant
    return "\n".join([
        f"static const char {name}_ROWS_TEXT[] UNUSED =\n        {c_text(text)};",
        f"{storage} const SqlStatement {name}_ROWS UNUSED = {{",
        f'    .name = "{statement.name}_rows",',
        f"    .sqlite = {name}_ROWS_TEXT,",
        f"    .postgres = {name}_ROWS_TEXT,",
        f"    .param_count = {max(parameters(text))},",
        f"    .row_count = {count},",
        "    .writes = true,",
        "};",
    ])


def definition(statement, storage):
    texts = statement.texts
    sqlite = texts.get("both") or texts["sqlite"]
    postgres = texts.get("both") or texts["postgres"]
    name = statement.constant
    # The same pointer on both sides tells that the text is shared.
    lines = []
    if "both" in texts:
        lines.append(f"static const char {name}_TEXT[] UNUSED =\n        {c_text(sqlite)};")
    if statement.by_id:
        lines.append(many_definition(statement, storage))
    if statement.rows:
        lines.append(rows_definition(statement, storage))
    lines += [
        f"{storage} const SqlStatement {name} UNUSED = {{",
        f'    .name = "{statement.name}",',
        f"    .sqlite = {name + '_TEXT' if 'both' in texts else c_text(sqlite)},",
        f"    .postgres = {name + '_TEXT' if 'both' in texts else c_text(postgres)},",
        f"    .param_count = {max(parameters(sqlite), default=0)},",
        f"    .writes = {c_bool(WRITES.search(without_literals(sqlite)))},",
        f"    .scan = {c_bool(statement.scan)},",
        f"    .many = &{name}_MANY," if statement.by_id else "",
        f"    .rows = &{name}_ROWS," if statement.rows else "",
        "    .scattered = true," if statement.scattered else "",
        "};",
    ]
    return "\n".join(line for line in lines if line)


def write_header(source, target):
    parts = [f"/* Made from {Path(source).name} by tools/sql2c.py. */",
             "#pragma once", '#include "base/compiler.h"\n#include "io/sql.h"']
    parts += [definition(statement, "static") for statement in parse(source)]
    Path(target).write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def write_index(target, sources):
    parts = ["/* Made by tools/sql2c.py --index. */", '#include "base/compiler.h"\n#include "io/sql.h"']
    names = {}
    for source in sources:
        for statement in parse(source):
            if statement.is_clause:
                continue
            if statement.name in names:
                raise SqlError(f"{statement.where}: {statement.name} is also in {names[statement.name]}")
            names[statement.name] = statement.where
            if statement.by_id:
                names[statement.name + "_many"] = statement.where
            if statement.rows:
                names[statement.name + "_rows"] = statement.where
            parts.append(definition(statement, "static"))
    rows = "\n".join(f"    &SQL_{name.upper()}," for name in names)
    parts.append("extern const SqlStatement *const all_statements[];\n"
                 f"const SqlStatement *const all_statements[] = {{\n{rows}\n    NULL,\n}};")
    Path(target).write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def main(arguments):
    try:
        if len(arguments) > 2 and arguments[0] == "--index":
            write_index(arguments[1], arguments[2:])
        elif len(arguments) == 2:
            write_header(*arguments)
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except SqlError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
