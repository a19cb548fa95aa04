"""The protocols the contract of operators is held against: one entry per protocol and mode.

A new protocol adds a `Spoken` of its own to `PROTOCOLS`; the suite itself does not change.
"""

from dataclasses import replace

from application.carrier.gateway import ChargeMode
from tests.contract.operator_plain import PLAIN
from tests.contract.operator_qrtech import QRTECH
from tests.contract.operator_xportal import XPORTAL
from tests.contract.spoken import Spoken

PROTOCOLS: dict[str, Spoken] = {
    "ucip": Spoken(
        protocol="ucip",
        mode=ChargeMode.SYNC,
        options={
            "sms_url": "{url}",
            "sms_from": "1234",
            "sms_smsc": "main",
            "blacklist_codes": ["103"],
            "declines": {"123": "frequency_exceeded"},
        },
        secrets=("user", "password", "sms_user", "sms_password"),
        needed_secrets=("sms_user", "sms_password"),
    ),
    "plain": PLAIN,
    "plain-async": replace(PLAIN, mode=ChargeMode.ASYNC, options={"mode": "async"}, interim=True),
    "plain-managed": replace(
        PLAIN,
        mode=ChargeMode.MANAGED,
        options={"mode": "managed", "sms": False},
        keeps_keys=False,
        sms=False,
    ),
    "xportal": XPORTAL,
    "qrtech": QRTECH,
}
