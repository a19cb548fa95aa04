"""XML-RPC is read strictly: nothing is expanded, fetched, guessed, or decided by substring."""

import xmlrpc.client
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.operators.ucip.xmlrpc import BrokenXml, Fault, answer, call

_HEAD = "<methodResponse><params><param><value><struct>"
_TAIL = "</struct></value></param></params></methodResponse>"
_CODE = "<member><name>responseCode</name><value><i4>0</i4></value></member>"
_LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY b{n} "{"&a;" * 10 if n == 0 else f"&b{n - 1};" * 10}">' for n in range(9))
    + "]>"
)

texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=30)
members = st.dictionaries(
    texts,
    st.one_of(texts, st.integers(-(2**31), 2**31 - 1), st.booleans(), st.lists(texts, max_size=3)),
    max_size=5,
)


def test_a_structure_is_read() -> None:
    told = answer((_HEAD + _CODE + _TAIL).encode())

    assert told == {"responseCode": 0}


@given(members)
def test_whatever_the_standard_can_write_is_read_back(written: dict[str, object]) -> None:
    body = xmlrpc.client.dumps((written,), methodresponse=True, encoding="utf-8")

    assert answer(body.encode()) == written


def test_a_fault_is_read() -> None:
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(1004, "Unknown"), methodresponse=True)

    assert answer(body.encode()) == Fault(1004, "Unknown")


def test_a_call_escapes_what_it_is_given() -> None:
    body = call("UpdateBalanceAndDate", {"externalData1": "</value>&<x>", "n": -1})

    params, method = xmlrpc.client.loads(body)
    assert method == "UpdateBalanceAndDate"
    assert params == ({"externalData1": "</value>&<x>", "n": -1},)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "responseCode 0",
        "<a>",
        _HEAD + _CODE + _CODE + _TAIL,
        _HEAD + "text" + _CODE + _TAIL,
        _HEAD + _CODE.replace("<i4>0</i4>", "<i4></i4>") + _TAIL,
        _HEAD + _CODE.replace("<i4>0</i4>", "<i4>0x0</i4>") + _TAIL,
        _HEAD + _CODE.replace("<i4>0</i4>", "<i4>٠</i4>") + _TAIL,
        _HEAD + _CODE.replace("<i4>0</i4>", "<i4>" + "9" * 500 + "</i4>") + _TAIL,
        _HEAD + _CODE.replace("<i4>0</i4>", "<i4>0</i4><i4>112</i4>") + _TAIL,
        _HEAD + _CODE.replace("<i4>0</i4>", "<number>0</number>") + _TAIL,
        _HEAD + _CODE.replace("<i4>", '<i4 a="1">') + _TAIL,
        _HEAD + _CODE.replace("<name>responseCode</name>", "") + _TAIL,
        _HEAD + _CODE + _TAIL + "<more/>",
        "<methodResponse><params/></methodResponse>",
        "<methodCall>" + _CODE + "</methodCall>",
        "<methodResponse><value><i4>0</i4></value></methodResponse>",
        "<methodResponse><fault><value>no</value></fault></methodResponse>",
        "<?xml-stylesheet href='x'?>" + _HEAD + _CODE + _TAIL,
    ],
)
def test_what_the_standard_does_not_know_is_refused(body: str) -> None:
    with pytest.raises(BrokenXml):
        answer(body.encode())


@pytest.mark.parametrize(
    "body",
    [
        _LAUGHS + _HEAD + _CODE.replace("0</i4>", "&b8;</i4>") + _TAIL,
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + _HEAD + "&e;" + _TAIL,
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">' + _HEAD + _CODE + _TAIL,
        '<!DOCTYPE x [<!ENTITY % p "x"> %p;]>' + _HEAD + _CODE + _TAIL,
        "<!DOCTYPE methodResponse>" + _HEAD + _CODE + _TAIL,
        _HEAD + "&undefined;" + _TAIL,
    ],
)
def test_declarations_and_entities_are_refused_unread(body: str) -> None:
    with pytest.raises(BrokenXml):
        answer(body.encode())


def test_depth_number_and_length_are_bounded() -> None:
    deep = "<value><array><data>" * 200 + "</data></array></value>" * 200
    many = "<value/>" * 6000
    for inside in (deep, f"<value><array><data>{many}</data></array></value>"):
        with pytest.raises(BrokenXml):
            answer(
                f"<methodResponse><params><param>{inside}</param></params></methodResponse>".encode()
            )
    with pytest.raises(BrokenXml):
        answer((_HEAD + _CODE + " " * 300_000 + _TAIL).encode())


def test_a_body_in_another_script_is_read_or_refused_never_misread() -> None:
    whole = '<?xml version="1.0" encoding="{}"?>' + _HEAD + _CODE + _TAIL
    for encoding in ("utf-16", "latin-1", "utf-8"):
        assert answer(whole.format(encoding).encode(encoding)) == {"responseCode": 0}
    with pytest.raises(BrokenXml):
        answer(whole.format("no-such-encoding").encode())


@given(st.binary(max_size=400))
def test_no_bytes_at_all_raise_anything_else(body: bytes) -> None:
    with pytest.raises(BrokenXml):
        answer(body)


@given(st.text("<>/&;![]'\" abimnoprstuvx014", max_size=60))
def test_no_piece_of_markup_inside_raises_anything_else(piece: str) -> None:
    with suppress(BrokenXml):
        assert isinstance(answer((_HEAD + _CODE + piece + _TAIL).encode()), dict)
