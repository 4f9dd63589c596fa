from django.apps import AppConfig


class AdminpanelConfig(AppConfig):
    name = "adminpanel"
    verbose_name = "Operators' panel"

    def ready(self) -> None:
        import adminpanel.analytics_panels
        import adminpanel.board_panels
        import adminpanel.booking_panels
        import adminpanel.client_panels
        import adminpanel.import_panels
        import adminpanel.payment_panels
        import adminpanel.report_panels
        import adminpanel.session_panels
        import adminpanel.station_panels  # noqa: F401 - they declare their panels
        from adminpanel.beating import scheduler_standing
        from adminpanel.integrity import day_findings
        from adminpanel.setting_values import booking_limits
        from adminpanel.texts import seller
        from bookings.limits import register_limits
        from evbunker.health import register
        from payments import integrity
        from payments.receipts import register_seller

        register("scheduler", scheduler_standing)
        integrity.register(day_findings)
        register_seller(seller)
        register_limits(booking_limits)
