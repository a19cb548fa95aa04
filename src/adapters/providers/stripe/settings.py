"""What has to be known to talk to Stripe for one account."""

import re
from dataclasses import dataclass, field

from adapters.clock import SystemClock
from adapters.http.peers import check_address
from adapters.providers.transport import HttpLimits
from application.ports import Clock

# Every object and every default below is that of this version; Stripe keeps old ones for years.
API_VERSION = "2024-06-20"

# Secret and restricted keys; a publishable one (`pk_`) may not move money.
_KEY = re.compile(r"(?:sk|rk)_(test|live)_[A-Za-z0-9_]{8,247}")
_SIGNING_SECRET = re.compile(r"[!-~]{8,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeSettings:
    """The account's secret key and signing secrets; raises ValueError for what cannot work.

    Several `webhook_secrets` are valid at once, so that one can be rolled while events signed with
    the other are on their way. `clock` judges how old a signature is. Test mode is a property of
    the key; a live key travels over HTTPS or within this machine only.
    """

    secret: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    base_url: str = "https://api.stripe.com/v1"
    clock: Clock = field(default_factory=SystemClock)
    tolerance_seconds: int = 300
    http: HttpLimits = field(default_factory=HttpLimits)

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.secret):
            raise ValueError("the secret key begins with sk_test_, sk_live_, rk_test_ or rk_live_")
        if not self.webhook_secrets:
            raise ValueError("a signing secret of the webhook endpoint must be given")
        if not all(_SIGNING_SECRET.fullmatch(each) for each in self.webhook_secrets):
            raise ValueError("a signing secret is visible ASCII text of at least 8 characters")
        if self.tolerance_seconds <= 0:
            raise ValueError("a signature must be allowed some age")
        check_address(self.base_url, plain_allowed=self.test_mode, carried="the secret key")

    @property
    def test_mode(self) -> bool:
        """Tell whether the key is one of the test mode."""
        return self.secret.split("_")[1] == "test"
