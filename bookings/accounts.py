"""How allauth makes and mails clients."""

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """EV Bunker's accounts."""
