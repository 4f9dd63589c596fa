from django.apps import AppConfig


class EvbunkerConfig(AppConfig):
    name = "evbunker"
    verbose_name = "The shared ground"

    def ready(self) -> None:
        from evbunker import checks  # noqa: F401 - registers them
