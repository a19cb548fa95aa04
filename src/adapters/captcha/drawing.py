"""Pictures of letters: turned, warped, crossed by a curve and dotted."""

from io import BytesIO
from typing import Any, Final

_WIDTH: Final = 220
_HEIGHT: Final = 80


class Drawing:
    """Draws a text as a PNG; the library and its font are loaded with the first picture."""

    def __init__(self) -> None:
        self._library: Any = None

    def __call__(self, text: str) -> bytes:
        """Return the picture; one at a time."""
        if self._library is None:
            # Only a process that draws pays for the imaging library.
            from captcha.image import ImageCaptcha

            self._library = ImageCaptcha(width=_WIDTH, height=_HEIGHT)
        drawn: BytesIO = self._library.generate(text)
        return drawn.getvalue()
