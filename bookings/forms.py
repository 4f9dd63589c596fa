"""Forms of the drivers' pages."""

from django import forms


class SignUpForm(forms.Form):
    """What a new client is asked for, besides e-mail and password."""

    def signup(self, request: object, user: object) -> None:
        """Nothing more is asked."""
