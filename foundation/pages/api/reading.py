"""The description made readable: endpoints by group, each with what it takes and gives, for the page about the API."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

METHODS = {"get": "info", "post": "ok", "patch": "warn"}  # with the tone of the badge


@dataclass(frozen=True)
class Part:
    """A parameter, a field that is sent, or a property of the answer."""

    name: str
    kind: str
    words: str
    needed: bool = False


@dataclass(frozen=True)
class Endpoint:
    """One method at one address."""

    anchor: str
    method: str
    tone: str
    path: str
    title: str
    words: str
    scope: str
    asks: list[Part]
    takes: list[Part]
    gives: list[Part]
    statuses: list[str]


def endpoints(api: Mapping[str, Any]) -> dict[str, list[Endpoint]]:
    """Every endpoint by the first word of its path, in the order of the paths."""
    groups: dict[str, list[Endpoint]] = defaultdict(list)
    for path, operations in api["paths"].items():
        for method, tone in METHODS.items():
            if method in operations:
                group = path.removeprefix("/api/v1/").partition("/")[0]
                groups[group].append(endpoint(api, path, method, tone, operations[method]))
    return dict(groups)


def endpoint(api: Mapping[str, Any], path: str, method: str, tone: str, said: Mapping[str, Any]) -> Endpoint:
    """One operation of the description."""
    done = next(answer for code, answer in said["responses"].items() if code.startswith("2"))
    return Endpoint(
        anchor=said["operationId"], method=method.upper(), tone=tone, path=path, title=said.get("summary", ""),
        words=said.get("description", ""), scope=said.get("x-scope", ""),
        asks=[parameter(one) for one in said.get("parameters", ()) if one["in"] != "path"],
        takes=parts(api, said.get("requestBody", {})), gives=parts(api, done), statuses=list(said["responses"]),
    )  # fmt: skip


def parameter(said: Mapping[str, Any]) -> Part:
    """A parameter of the query string, or a header."""
    return Part(said["name"], kind(said["schema"]), said.get("description", ""), said.get("required", False))


def parts(api: Mapping[str, Any], body: Mapping[str, Any]) -> list[Part]:
    """The properties of a body; of a list those of each result."""
    content = body.get("content", {}).get("application/json")
    shape = looked_up(api, content["schema"]) if content else {}
    if "results" in shape.get("properties", {}):
        shape = looked_up(api, shape["properties"]["results"]["items"])
    needed = shape.get("required", ())
    return [
        Part(name, kind(one), one.get("description", ""), name in needed)
        for name, one in shape.get("properties", {}).items()
    ]


def looked_up(api: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The shape that a reference names."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = api["components"]["schemas"][name] if name else schema
    return found


def kind(schema: Mapping[str, Any]) -> str:
    """A type in words: “text”, “list of text”, “one of a, b”, “Person”."""
    if schema.get("enum"):
        return "one of " + ", ".join(str(value) for value in schema["enum"] if value)
    for one in (schema, *schema.get("allOf", ())):
        if "$ref" in one:
            return str(one["$ref"].rpartition("/")[2])
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'])}"
    words = {"string": "text", "integer": "number", "boolean": "true or false", "object": "object"}
    return {"date": "day", "date-time": "moment"}.get(
        schema.get("format", ""), words.get(schema.get("type", ""), "any")
    )
