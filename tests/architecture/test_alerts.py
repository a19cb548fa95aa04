"""The alert rules speak of figures that Kazna really shows."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_figure_of_an_alert_is_shown_by_somebody() -> None:
    rules = (ROOT / "docker" / "alerts.yaml").read_text()
    asked = set(re.findall(r"\bkazna_([a-z_]+)", rules))
    sources = "\n".join(
        path.read_text() for path in (ROOT / "src" / "adapters" / "metrics").glob("*.py")
    )
    shown = set(re.findall(r'"([a-z_]+)", "', sources)) | {
        f"{prefix}_{name}"
        for name in re.findall(r'"([a-z_]+)"[,:] \(?"', sources)
        for prefix in ("carrier", "exchange")
    }

    assert len(asked) >= 6
    assert asked <= shown, asked - shown
