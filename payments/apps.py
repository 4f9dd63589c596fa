from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Payments"

    def ready(self) -> None:
        from evbunker.health import register
        from evbunker.scraping import read_when_scraped
        from payments import checks, receivers  # noqa: F401 - importing registers and connects them
        from payments.health import books_standing, count_from_zero, readings, webhook_standing

        register("last_webhook", webhook_standing)
        register("books", books_standing)
        count_from_zero()
        read_when_scraped(readings)
