"""The contract of api/openapi.yaml, and the check of an exchange against it."""

import json
import pathlib
import re
from functools import lru_cache

import jsonschema
import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
OPENAPI = REPOSITORY / "api" / "openapi.yaml"
METHODS = ("get", "put", "post", "delete", "patch")

# What the HTTP layer itself may answer, on any path and whatever a call documents.
TRANSPORT_STATUSES = {405, 408, 411, 413, 414, 417, 429, 431}


class ContractError(AssertionError):
    """The server and the contract disagree."""


class Operation:
    def __init__(self, contract, path, method, spec):
        self.contract = contract
        self.path = path
        self.method = method.upper()
        self.spec = spec
        self.id = spec["operationId"]
        self.permission = spec["x-permission"]
        self.path_parameters = re.findall(r"\{(\w+)\}", path)
        self.parameters = [contract.deref(p) for p in spec.get("parameters", [])]
        self.query_names = {p["name"] for p in self.parameters if p["in"] == "query"}
        self.responses = {int(s): contract.deref(r) for s, r in spec["responses"].items()}

    def __repr__(self):
        return f"{self.method} {self.path}"

    @property
    def takes_body(self):
        return "requestBody" in self.spec

    @property
    def is_safe(self):
        return self.method == "GET"

    @property
    def streams(self):
        return any("text/event-stream" in r.get("content", {}) for r in self.responses.values())


class Contract:
    def __init__(self, file=OPENAPI):
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        with open(file, encoding="utf-8") as stream:
            self.document = yaml.load(stream, Loader=loader)
        self.resolver = jsonschema.RefResolver("", self.document)
        self.operations = [
            Operation(self, path, method, item[method])
            for path, item in self.document["paths"].items()
            for method in METHODS
            if method in item
        ]
        # Literal segments win over parameters, as in the server's router.
        self._matchers = sorted(
            (
                (path.count("{"), path, re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "$"))
                for path in self.document["paths"]
            ),
            key=lambda m: m[0],
        )
        self._by_key = {(o.method, o.path): o for o in self.operations}
        self._by_id = {o.id: o for o in self.operations}
        self._validators = {}

    def deref(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def operation(self, operation_id):
        return self._by_id[operation_id]

    def find(self, method, path):
        """The operation of a real path, or None; HEAD stands for GET."""
        method = "GET" if method == "HEAD" else method
        for _, template, matcher in self._matchers:
            if matcher.match(path):
                return self._by_key.get((method, template))
        return None

    def validate(self, schema, value, what):
        key = json.dumps(schema, sort_keys=True)
        validator = self._validators.get(key)
        if validator is None:
            validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
            self._validators[key] = validator
        errors = [describe(e) for e in validator.iter_errors(value)]
        if errors:
            raise ContractError(f"{what} breaks the contract:\n  " + "\n  ".join(errors[:8]))

    def check(self, exchange):
        """Checks one answer: status, content type, body and headers."""
        operation = self.find(exchange.method, exchange.path)
        what = f"{exchange.method} {exchange.path} -> {exchange.status}"
        if operation is None:
            return self._check_unknown_route(exchange, what)
        response = operation.responses.get(exchange.status)
        if response is None:
            if exchange.status in TRANSPORT_STATUSES:
                return self._check_problem(exchange, what)
            raise ContractError(f"{what}: the contract has no such status for {operation}")
        self._check_headers(response, exchange, what)
        self._check_content(response, exchange, what)
        if 200 <= exchange.status < 300:
            self._check_request(operation, exchange, what)

    def _check_unknown_route(self, exchange, what):
        if exchange.status in (404, 405) or exchange.status in TRANSPORT_STATUSES:
            return self._check_problem(exchange, what)
        raise ContractError(f"{what}: the contract has no such route")

    def _check_problem(self, exchange, what):
        if exchange.method == "HEAD":
            return
        if exchange.content_type != "application/problem+json":
            raise ContractError(f"{what}: {exchange.content_type!r} instead of a problem")
        self.validate({"$ref": "#/components/schemas/Problem"}, exchange.json(), what)
        if exchange.json()["status"] != exchange.status:
            raise ContractError(f"{what}: the problem says {exchange.json()['status']}")

    def _check_headers(self, response, exchange, what):
        for name, header in response.get("headers", {}).items():
            header = self.deref(header)
            value = exchange.headers.get(name)
            if value is None:
                if header.get("required"):
                    raise ContractError(f"{what}: header {name} is missing")
                continue
            if header["schema"].get("type") == "integer":
                value = int(value)
            self.validate(header["schema"], value, f"{what}: header {name}")

    def _check_content(self, response, exchange, what):
        content = response.get("content")
        if not content:
            if exchange.method != "HEAD" and exchange.content:
                raise ContractError(f"{what}: a body where none is documented")
            return
        media = content.get(exchange.content_type)
        if media is None:
            raise ContractError(f"{what}: content type {exchange.content_type!r} is not documented")
        if exchange.method == "HEAD" or not exchange.content_type.endswith("json"):
            return
        body = exchange.json()
        self.validate(media["schema"], body, what)
        if exchange.content_type == "application/problem+json" and body["status"] != exchange.status:
            raise ContractError(f"{what}: the problem says {body['status']}")

    def _check_request(self, operation, exchange, what):
        """A request that was accepted must be one that the contract allows."""
        unknown = set(exchange.sent_params or {}) - operation.query_names
        if unknown:
            raise ContractError(f"{what}: accepted undocumented parameters {sorted(unknown)}")
        if exchange.sent_json is None:
            return
        content = operation.spec.get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            raise ContractError(f"{what}: accepted a JSON body that is not documented")
        self.validate(content["application/json"]["schema"], exchange.sent_json, f"{what}: the request")


def describe(error):
    path = "/".join(str(p) for p in error.absolute_path) or "(body)"
    text = error.message if len(error.message) < 300 else error.message[:300] + "…"
    if error.context:
        text += " | " + "; ".join(f"{'/'.join(map(str, c.absolute_path))}: {c.message[:120]}" for c in error.context[:6])
    return f"{path}: {text}"


@lru_cache(maxsize=1)
def contract():
    return Contract()
