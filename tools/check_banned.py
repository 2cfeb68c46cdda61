#!/usr/bin/env python3
"""Functions that we do not call, and SQL that is not where SQL belongs.

EXCEPTIONS holds what a file may do nevertheless, and why. Tests build the world that they need.
"""

import re
import sys
from fnmatch import fnmatch

import csource

BANNED = {
    "writes past the end": "strcpy strcat stpcpy sprintf vsprintf gets strncpy strncat",
    "use str_parse_int64": "atoi atol atoll atof",
    "hidden state; use base/time.h": "gmtime localtime asctime ctime mktime strftime strtok setlocale",
    "allocates; use an arena": "malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf alloca",
    "blocks the loop": "sleep usleep nanosleep select poll system popen getaddrinfo gethostbyname "
                       "PQexec PQexecParams PQprepare PQexecPrepared PQconnectdb PQconnectdbParams "
                       "PQreset PQsetdbLogin PQdescribePrepared PQfn",
    "nests as deep as the input says; use json_parse": "json_loads json_loadb json_load_file json_load_callback",
    "not random enough; use libsodium": "rand srand random drand48",
    "ends the process behind the back of its main": "exit",
}

SQL = re.compile(r'"\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s*\(|'
                 r'CREATE\s+(TABLE|INDEX|VIEW|UNIQUE)\s|ALTER\s+TABLE\s|DROP\s+(TABLE|INDEX|VIEW)\s)')

# (files, what, why)
EXCEPTIONS = [
    ("src/base/arena.c", "malloc calloc free", "the arena itself"),
    ("src/base/json.c", "json_loadb", "looks at the depth first"),
    ("src/fiber/*", "malloc calloc realloc free", "loops, fibers and queues outlive every arena"),
    ("src/port/cache_memory.c", "calloc free", "entries come and go one by one"),
    ("src/io/pg_client.c", "getaddrinfo", "runs in the thread pool"),
    ("src/io/stream.c", "getaddrinfo", "runs in the thread pool"),
    ("src/bin/*", "exit", "a main may end its process"),
    ("src/port/migrate_*", "SQL PQexec PQexecParams PQconnectdbParams", "migrations are sequential, by contract"),
    ("src/operate/postgres.c", "PQexec PQconnectdbParams", "vomsctl is a sequential program, by contract"),
    ("src/operate/backup_postgres.c", "usleep", "vomsctl has no loop"),
    ("src/operate/store_move*.c", "SQL", "made from the catalogue of the migrated schema"),
    ("src/operate/backup_*.c", "SQL", "read the catalogue of whatever schema a backup has"),
    ("src/io/sqlite_error.c", "SQL", "reads the schema to name what was violated"),
    ("src/http/connection.c", "poll", "asks without waiting"),
    ("src/http/server.c", "getaddrinfo", "of numeric addresses, before the loop serves"),
    ("src/app/app.c", "sleep", "waits for the database before any loop runs"),
    ("src/voms/account/token.c", "free", "libjwt hands over what it allocated"),
]


def is_excepted(path, what):
    return csource.is_test(path) or any(fnmatch(path, files) and what in names.split() for files, names, _ in EXCEPTIONS)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def banned_calls(path, text):
    bare = csource.strip(text)
    for reason, names in BANNED.items():
        pattern = re.compile(r"(?<![\w.>])(" + "|".join(names.split()) + r")\s*\(")
        for match in pattern.finditer(bare):
            if not is_excepted(path, match[1]):
                yield f"{path}:{line_of(bare, match.start())}: {match[1]}: {reason}"


def sql_literals(path, text):
    if is_excepted(path, "SQL"):
        return
    code = csource.strip(text, literals=False)
    for match in SQL.finditer(code):
        yield f"{path}:{line_of(code, match.start())}: SQL text belongs into a .sql file"


def main():
    problems = []
    for path in csource.tracked("src/*.c", "src/*.h"):
        text = csource.read(path)
        problems += banned_calls(path, text)
        problems += sql_literals(path, text)
    return csource.report(problems)


if __name__ == "__main__":
    sys.exit(main())
