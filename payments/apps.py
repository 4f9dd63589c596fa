from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Payments"

    def ready(self) -> None:
        from evbunker.health import register
        from evbunker.scraping import read_when_scraped
        from payments import checks, receivers  # noqa: F401 - importing registers and connects them
        from payments.health import readings, webhook_standing

        register("last_webhook", webhook_standing)
        read_when_scraped(readings)
