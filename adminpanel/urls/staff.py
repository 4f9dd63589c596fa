"""Staff, and the audit trail."""

from django.urls import path

from adminpanel.staff_acts import ACTS
from adminpanel.views import audit, staff
from adminpanel.views.acts import act_view

MEMBER = "operations/staff/<uuid:client_id>/"

urlpatterns = [
    path("operations/staff/", staff.members, name="operations-staff"),
    path("operations/staff/invite/", staff.invitation, name="operations-invite"),
    path(f"{MEMBER}role/", staff.role, name="operations-staff-role"),
    *(path(f"{MEMBER}{name}/", act_view(act), name=f"operations-staff-{name}") for name, act in ACTS.items()),
    path("operations/audit/", audit.audit, name="operations-audit"),
    path("operations/audit/export/", audit.export, name="operations-audit-export"),
]
