from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Payments"

    def ready(self) -> None:
        from evbunker.health import register
        from payments import checks, receivers  # noqa: F401 - importing registers and connects them
        from payments.health import webhook_standing

        register("last_webhook", webhook_standing)
