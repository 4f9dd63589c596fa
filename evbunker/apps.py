from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class EvbunkerConfig(AppConfig):
    name = "evbunker"
    verbose_name = "The shared ground"

    def ready(self) -> None:
        from evbunker import checks  # noqa: F401 - registers them
        from evbunker.health import register
        from evbunker.live import receivers  # noqa: F401 - connects them
        from evbunker.relay.standing import relay_standing

        register("relay", relay_standing)
        autodiscover_modules("panels")
