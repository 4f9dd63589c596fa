"""Run the periodic jobs."""

from typing import Any

from django.core.management.base import BaseCommand

from adminpanel.scheduling import JOBS, run_for_ever


class Command(BaseCommand):
    help = "Run the periodic jobs until stopped. Several at once do no harm."

    def handle(self, *args: Any, **options: Any) -> None:
        jobs = ", ".join(f"{job.name} every {job.every_seconds} s" for job in JOBS)
        self.stdout.write(f"Running {jobs}.")
        try:
            run_for_ever()
        except (KeyboardInterrupt, SystemExit):
            self.stdout.write("Stopped.")
