"""URLs of adminpanel."""

from django.urls import path

from adminpanel.views import overview, payments, texts

urlpatterns = [
    path("operations/", overview.operations, name="operations"),
    path("operations/overview/", overview.overview, name="operations-overview"),
    path("operations/payments/", payments.payments, name="operations-payments"),
    path("operations/payments/<uuid:payment_id>/", payments.payment, name="operations-payment"),
    path("contact/", texts.contact, name="contact"),
    path("terms/", texts.text, {"key": "terms"}, name="terms"),
    path("privacy/", texts.text, {"key": "privacy"}, name="privacy"),
    path("security/", texts.text, {"key": "security"}, name="security"),
]
