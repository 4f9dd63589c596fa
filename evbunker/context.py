"""What every page's frame needs."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """The banners a page must show."""
    return {
        "sandbox_banner": settings.SANDBOX_ALLOWED and "sandbox" in settings.PAYMENT_GATEWAYS,
        "second_factor_off_banner": not settings.STAFF_SECOND_FACTOR,
    }
