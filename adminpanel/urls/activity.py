"""What needs an operator, the feed of what happened, and the search over everything."""

from django.urls import path

from adminpanel.views import activity, overview, search

urlpatterns = [
    path("operations/activity/", activity.activity, name="operations-activity"),
    path("operations/alerts/", overview.alerts, name="operations-alerts"),
    path("operations/search/", search.search, name="operations-search"),
]
