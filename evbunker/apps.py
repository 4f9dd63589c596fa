from django.apps import AppConfig


class EvbunkerConfig(AppConfig):
    name = "evbunker"
    verbose_name = "The shared ground"
