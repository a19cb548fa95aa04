"""The tables of this deployment; importing this package knows all of them."""

from adapters.postgres.tables import accounts as accounts
from adapters.postgres.tables import analytics as analytics
from adapters.postgres.tables import captcha as captcha
from adapters.postgres.tables import carrier as carrier
from adapters.postgres.tables import carrier_pixels as carrier_pixels
from adapters.postgres.tables import carrier_sms as carrier_sms
from adapters.postgres.tables import catalog as catalog
from adapters.postgres.tables import ledger as ledger
from adapters.postgres.tables import messages as messages
from adapters.postgres.tables import notifications as notifications
from adapters.postgres.tables import payments as payments
from adapters.postgres.tables import refund_tickets as refund_tickets
from adapters.postgres.tables import subscriptions as subscriptions
from adapters.postgres.tables import tasks as tasks
from adapters.postgres.tables import webhooks as webhooks
from adapters.postgres.tables.metadata import metadata as metadata
