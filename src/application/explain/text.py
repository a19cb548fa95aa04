"""A story as lines of plain text, for a terminal or a ticket."""

from collections.abc import Iterator

from application.explain.tell import Story
from application.explain.words import moment
from application.ports import JsonObject


def as_text(story: Story) -> str:
    """Write the story; times are UTC, `*` marks what is about the thing itself."""
    return "\n".join(_lines(story))


def _lines(story: Story) -> Iterator[str]:
    yield _capital(f"{story.subject['title']}")
    yield f"  {story.subject['kind']} {story.subject['id']}"
    yield from _block("Caused by", story.caused_by)
    yield ""
    yield "What happened (business time, UTC)"
    last = None
    for line in story.timeline:
        heading = (line["at"][:16], line["actor"], line["reason"])
        if heading != last:
            last = heading
            yield f"  {moment(line['at'])}  {_who(line)}"
        yield f"    {'*' if line['mine'] else ' '} {line['of']}: {line['what']}"
        if line["key"]:
            yield f"        key {line['key']}"
    yield from _block("It caused", story.caused)
    yield from _block("Still to be done", story.waiting)


def _who(line: JsonObject) -> str:
    recorded = f"recorded {str(line['recorded_at'])[:23].replace('T', ' ')}"
    if not line["actor"]:
        return f"({recorded})"
    return f"{line['actor']}: {line['reason']} ({recorded})"


def _block(heading: str, things: object) -> Iterator[str]:
    lines = [f"  {_thing(thing)}" for thing in things]  # type: ignore[attr-defined]
    if lines:
        yield ""
        yield heading
        yield from lines


def _thing(thing: JsonObject) -> str:
    key = f", key {thing['key']}" if thing.get("key") else ""
    known = thing["kind"] in ("actor", "message")
    return f"{thing['title']}{key}" + ("" if known else f"  [{thing['kind']} {thing['id']}]")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
