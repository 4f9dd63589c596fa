"""What the operator sets, what ended days came to, and work done outside requests."""

from adminpanel.models.jobs import (
    Job,
    JobState,
    ReportJob,
    ReportPart,
    ReportSchedule,
    StationImport,
    StationImportPart,
)
from adminpanel.models.keeping import Alert, Beat, ClientNote, Setting
from adminpanel.models.totals import DailyTotal, DailyUse, NetworkDay, StaleNetworkDay

__all__ = [
    "Alert",
    "Beat",
    "ClientNote",
    "DailyTotal",
    "DailyUse",
    "Job",
    "JobState",
    "NetworkDay",
    "ReportJob",
    "ReportPart",
    "ReportSchedule",
    "Setting",
    "StaleNetworkDay",
    "StationImport",
    "StationImportPart",
]
