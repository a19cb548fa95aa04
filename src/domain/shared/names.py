"""How the names of classes are spelled where people and rows read them."""


def snake(kind: type) -> str:
    """Return a class's name in the trade's spelling: `PastDue` is `past_due`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("_")
