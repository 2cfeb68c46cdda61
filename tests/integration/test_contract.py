"""The server's routes and the contract's are the same."""

import subprocess

from contract import contract
from harness import find_binary


def server_routes():
    result = subprocess.run([str(find_binary("server")), "--routes"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    routes = {}
    for line in result.stdout.splitlines():
        method, path, needs = line.split()
        assert (method, path) not in routes, f"{method} {path} is there twice"
        routes[(method, path)] = needs
    return routes


def test_every_route_is_in_the_contract_and_the_other_way_round():
    # /metrics is the HTTP layer's own.
    documented = {(o.method, o.path) for o in contract().operations} - {("GET", "/metrics")}
    served = set(server_routes())
    assert not served - documented, f"not in api/openapi.yaml: {sorted(served - documented)}"
    assert not documented - served, f"not in the server: {sorted(documented - served)}"


def test_every_route_needs_what_the_contract_says():
    needs = server_routes()
    wrong = {
        str(o): f"server {needs[(o.method, o.path)]}, contract {o.permission}"
        for o in contract().operations
        if (o.method, o.path) in needs and needs[(o.method, o.path)] != o.permission
    }
    assert not wrong


def test_every_permission_of_the_contract_is_one_that_the_server_knows(root):
    known = {p["code"] for p in root.get("/admin/permissions")["items"]}
    used = {o.permission for o in contract().operations} - {"none", "login"}
    assert used <= known
    assert {p["code"] for p in root.get("/admin/permissions")["items"] if not (p["title_zh"] and p["title_en"])} == set()


def test_the_contract_itself_is_sound():
    document = contract().document
    ids = [o.id for o in contract().operations]
    assert len(ids) == len(set(ids))
    for operation in contract().operations:
        declared = {p["name"] for p in operation.parameters if p["in"] == "path"}
        assert declared == set(operation.path_parameters), operation
        assert operation.spec["tags"][0] in {t["name"] for t in document["tags"]}, operation
    for name, schema in document["components"]["schemas"].items():
        if schema.get("type") == "object" and "properties" in schema:
            assert schema.get("additionalProperties") is False, f"{name} allows anything"


def test_the_examples_are_valid():
    checked = 0
    for name, schema in contract().document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            contract().validate({"$ref": f"#/components/schemas/{name}"}, example, f"the example of {name}")
            checked += 1
    assert checked > 10
