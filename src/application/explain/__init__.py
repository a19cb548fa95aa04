"""Explain: any invoice, attempt, refund, subscription, operation or entry, told as a story."""

from application.explain.case import Archive, CaseFile, Fact, Ref, Thing
from application.explain.tell import Explain, Story
from application.explain.text import as_text

__all__ = ["Archive", "CaseFile", "Explain", "Fact", "Ref", "Story", "Thing", "as_text"]
