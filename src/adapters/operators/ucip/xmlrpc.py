"""XML-RPC, strictly: what is written is standard, what is read is the standard's grammar alone.

A document type declaration is refused as such, so there are no entities to expand and nothing
outside to fetch; size, depth and number of elements are bounded. Nothing is decided by looking for
text in a body.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat
from xmlrpc.client import DateTime, dumps

_MOST_BYTES: Final = 256 * 1024
_DEEPEST: Final = 32
_MOST_ELEMENTS: Final = 5_000
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_PLAIN: Final = frozenset({"string", "dateTime.iso8601", "double", "base64"})

Value = str | int | bool | None | list[Any] | dict[str, Any]


class BrokenXml(ValueError):
    """This is no XML-RPC answer; the text names the fault and shows nothing of the body."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The server could not make sense of the request, or of itself."""

    code: int
    text: str


@dataclass(slots=True)
class _Element:
    tag: str
    text: str = ""
    children: list["_Element"] = field(default_factory=list)


def call(method: str, members: Mapping[str, str | int | DateTime]) -> bytes:
    """Write a call with one structure."""
    return dumps((dict(members),), method, encoding="utf-8").encode("utf-8")


def answer(body: bytes) -> dict[str, Any] | Fault:
    """Read an answer with one structure; raise BrokenXml for anything else."""
    root = _parsed(body)
    if root.tag != "methodResponse":
        raise BrokenXml("not a methodResponse")
    inner = _only(root)
    match inner.tag:
        case "params":
            value = _value(_only(_only(inner, "param"), "value"))
            if not isinstance(value, dict):
                raise BrokenXml("the answer is not a structure")
            return value
        case "fault":
            return _fault(_value(_only(inner, "value")))
        case _:
            raise BrokenXml("neither params nor a fault")


def _fault(value: Value) -> Fault:
    if not isinstance(value, dict) or type(value.get("faultCode")) is not int:
        raise BrokenXml("a fault without a code")
    return Fault(value["faultCode"], str(value.get("faultString", "")))


def _parsed(body: bytes) -> _Element:
    if len(body) > _MOST_BYTES:
        raise BrokenXml("too long")
    top = _Element("")
    path, seen = [top], 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal seen
        seen += 1
        if len(path) > _DEEPEST or seen > _MOST_ELEMENTS:
            raise BrokenXml("too deep or too many elements")
        if attributes:
            raise BrokenXml("XML-RPC has no attributes")
        element = _Element(tag)
        path[-1].children.append(element)
        path.append(element)

    def end(_tag: str) -> None:
        path.pop()

    def text(data: str) -> None:
        path[-1].text += data

    def refuse(*_: object) -> int:
        raise BrokenXml("declarations and entities are refused")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.SkippedEntityHandler = refuse
    parser.ProcessingInstructionHandler = refuse
    try:
        parser.Parse(body, True)
    except BrokenXml:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise BrokenXml("not well-formed") from error
    return top.children[0]


def _only(element: _Element, tag: str | None = None) -> _Element:
    """Return the one child; text beside it and a second child are refused."""
    if len(element.children) != 1 or element.text.strip():
        raise BrokenXml(f"{element.tag} has not exactly one child")
    child = element.children[0]
    if tag is not None and child.tag != tag:
        raise BrokenXml(f"{element.tag} holds something else than {tag}")
    return child


def _value(element: _Element) -> Value:
    if not element.children:
        return element.text  # the standard's untyped string
    typed = _only(element)
    match typed.tag:
        case "struct":
            return _structure(typed)
        case "array":
            return [_checked(one) for one in _children(_only(typed, "data"))]
        case "int" | "i4" | "i8":
            return _whole(_leaf(typed))
        case "boolean":
            return _truth(_leaf(typed))
        case "nil":
            return None
        case tag if tag in _PLAIN:
            return _leaf(typed)
        case _:
            raise BrokenXml("an unknown type")


def _checked(element: _Element) -> Value:
    if element.tag != "value":
        raise BrokenXml("an array holds values")
    return _value(element)


def _structure(element: _Element) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for member in _children(element):
        if [child.tag for child in member.children] != ["name", "value"]:
            raise BrokenXml("a member is a name and a value")
        name = _leaf(member.children[0])
        if name in members:
            raise BrokenXml("a member is given twice")
        members[name] = _value(member.children[1])
    return members


def _children(element: _Element) -> list[_Element]:
    if element.text.strip():
        raise BrokenXml(f"text in {element.tag}")
    return element.children


def _leaf(element: _Element) -> str:
    if element.children:
        raise BrokenXml(f"{element.tag} holds text only")
    return element.text


def _whole(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip()):
        raise BrokenXml("a whole number that is none")
    return int(text)


def _truth(text: str) -> bool:
    if text.strip() not in ("0", "1"):
        raise BrokenXml("a truth that is neither 0 nor 1")
    return text.strip() == "1"
