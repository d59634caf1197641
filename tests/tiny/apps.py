from django.apps import AppConfig


class TinyConfig(AppConfig):
    name = "tests.tiny"
    label = "tiny"

    def ready(self) -> None:
        from jobs import registry
        from tests.tiny.noop import NOOP, POLLING
        from tests.tiny.pipeline import TINY

        registry.register(TINY)
        registry.register(NOOP)
        registry.register(POLLING)
