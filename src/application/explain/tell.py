"""Tell what is known of a thing: what caused it, what happened, what it caused, what is open."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from application.errors import NotFound
from application.explain.case import Archive, CaseFile, Fact, Ref, Thing
from application.explain.words import moment, say
from application.ports import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A thing explained; every part is plain values, as JSON and texts are made of.

    `timeline` is in the order of recording. `mine` marks the lines that are about the thing
    itself; the others are what happened around it in the same affair.
    """

    subject: JsonObject
    caused_by: Sequence[JsonObject]
    timeline: Sequence[JsonObject]
    caused: Sequence[JsonObject]
    waiting: Sequence[JsonObject]

    def as_json(self) -> JsonObject:
        """Return the story as one JSON object."""
        return {
            "subject": self.subject,
            "caused_by": list(self.caused_by),
            "timeline": list(self.timeline),
            "caused": list(self.caused),
            "waiting": list(self.waiting),
        }


@dataclass(frozen=True, slots=True)
class Explain:
    """Explain whatever an id names; raises NotFound when it names nothing."""

    archive: Archive

    async def __call__(self, reference: str) -> Story:
        """Find the thing, collect its affair, and tell it."""
        subject = await self.archive.find(reference.strip())
        if subject is None:
            raise NotFound("invoice, payment, refund, subscription, operation or entry", reference)
        return tell(await self.archive.case(subject))


def tell(case: CaseFile) -> Story:
    """Turn a case file into a story."""
    known = {thing.ref: thing for thing in case.things}
    subject = known[case.subject]
    children = [thing for thing in case.things if case.subject in thing.parents]
    return Story(
        subject=_named(subject),
        caused_by=[
            *(_named(known[ref]) for ref in subject.parents if ref in known),
            *_origins(case, subject),
        ],
        timeline=[_line(fact, known, case) for fact in case.facts],
        caused=[_named(thing) for thing in children],
        waiting=case.waiting,
    )


def _named(thing: Thing) -> JsonObject:
    return {**thing.facts, "kind": thing.ref.kind, "id": thing.ref.id, "title": thing.title}


def _line(fact: Fact, known: Mapping[Ref, Thing], case: CaseFile) -> JsonObject:
    about = known.get(fact.about)
    return {
        "at": fact.at.isoformat(),
        "recorded_at": fact.recorded_at.isoformat(),
        "about": {"kind": fact.about.kind, "id": fact.about.id},
        "mine": fact.about == case.subject or _is_part(case.subject.id, fact.about.id),
        "name": fact.name,
        "what": say(fact.name, fact.data),
        "of": about.name if about else str(fact.about),
        "actor": fact.actor,
        "reason": fact.reason,
        "key": fact.key,
        "correlation_id": _text(fact.correlation_id),
        "causation_id": _text(fact.causation_id),
        "data": fact.data,
    }


def _is_part(entry: str, operation: str) -> bool:
    """Tell whether an entry (`operation/seq`) is told by the line of its operation."""
    return entry.partition("/")[0] == operation


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None


def _origins(case: CaseFile, subject: Thing) -> Iterator[JsonObject]:
    """Name who began it: the first fact about the thing, and the run of a job it answers."""
    ids = {subject.ref.id, subject.ref.id.partition("/")[0]}
    first = next((fact for fact in case.facts if fact.about.id in ids and fact.actor), None)
    if first is None:
        return
    yield {
        "kind": "actor",
        "id": first.actor,
        "title": f"{first.actor}, because {first.reason!r}",
        "at": first.at.isoformat(),
        "key": first.key,
        "correlation_id": _text(first.correlation_id),
    }
    run = case.runs.get(first.causation_id) if first.causation_id else None
    if run is not None:
        yield {
            "kind": "job_run",
            "id": str(first.causation_id),
            "title": f"run of {run['job']} at {moment(run['business_time'])}",
            **run,
        }
