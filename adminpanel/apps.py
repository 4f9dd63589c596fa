from django.apps import AppConfig


class AdminpanelConfig(AppConfig):
    name = "adminpanel"
    verbose_name = "Operators' panel"

    def ready(self) -> None:
        from adminpanel.beating import scheduler_standing
        from evbunker.health import register

        register("scheduler", scheduler_standing)
