"""Reports."""

from django.urls import path

from adminpanel.report_acts import ACTS
from adminpanel.views import reports
from adminpanel.views.acts import act_view

MONTHLY = "operations/reports/monthly/"

urlpatterns = [
    path("operations/reports/", reports.reports, name="operations-reports"),
    path("operations/reports/make/", reports.make, name="operations-reports-make"),
    path(MONTHLY, reports.monthly, name="operations-reports-monthly"),
    *(
        path(f"{MONTHLY}<uuid:schedule_id>/{name}/", act_view(act), name=f"operations-monthly-{name}")
        for name, act in ACTS.items()
    ),
    path("operations/reports/<uuid:job_id>/", reports.report, name="operations-report"),
    path("operations/reports/<uuid:job_id>/file/", reports.report_file, name="operations-report-file"),
]
