"""Reports in the Django admin: what was asked for, for whom, how far it came."""

from django.contrib import admin

from adminpanel.models import ReportJob, ReportPart, ReportSchedule
from evbunker.admin import RecordAdmin


@admin.register(ReportJob)
class ReportJobAdmin(RecordAdmin):
    list_display = ("kind", "form", "state", "file_name", "created_at")


@admin.register(ReportPart)
class ReportPartAdmin(RecordAdmin):
    list_display = ("number", "created_at")
    hidden = ("data",)


@admin.register(ReportSchedule)
class ReportScheduleAdmin(RecordAdmin):
    list_display = ("kind", "form", "active", "next_at")
