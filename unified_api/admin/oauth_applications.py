"""Pages of the tenant's OAuth applications: registered and forgotten by operators; what is secret is never shown."""

# ruff: noqa: ARG002 - Django calls these methods with arguments that not all of them need
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from tenants.models import OAuthApplication
from tenants.vault import Secret
from unified_api.admin.actions import action
from unified_api.admin.pages import Page
from unified_api.link import applications
from unified_api.link.applications import ApplicationUnfit, Registration

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[OAuthApplication]
else:
    _ModelForm = forms.ModelForm


class RegistrationForm(_ModelForm):
    """What a provider gave out; an application that is there already is replaced."""

    system = forms.ChoiceField(choices=lambda: [(one.slug, one.name) for one in applications.takers()])
    address = forms.CharField(
        required=False, help_text="Address of the installation, where customers run their own."
    )
    client_id = forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "off"}))
    client_secret = forms.CharField(
        required=False, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    asks_for = forms.CharField(
        required=False, help_text="Scopes in place of the adapter's, separated by spaces."
    )

    class Meta:
        model = OAuthApplication
        fields: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        """Keep it, within the page's transaction; what does not fit is an error of the form."""
        given = super().clean() or {}
        if self.errors:
            return given
        registration = Registration(
            integration=given["system"],
            client_id=Secret(given["client_id"]),
            client_secret=Secret(given["client_secret"]),
            site=given["address"],
            scopes=given["asks_for"].split(),
        )
        try:
            self.instance, _ = applications.register(registration)
        except ApplicationUnfit as error:
            raise ValidationError(str(error)) from error
        return given

    def save(self, commit: bool = True) -> OAuthApplication:  # noqa: FBT001, FBT002 - Django's signature
        """It is kept already."""
        return self.instance

    def save_m2m(self) -> None:
        """There is nothing more to keep."""


class OAuthApplicationPage(Page):
    """OAuth applications, by integration and site."""

    form = RegistrationForm
    listed = ("integration", "site", "hint", "scopes", "changed_at")
    texts = ("integration", "site")
    ordering = ("integration", "site")
    actions = (
        action(
            "forget",
            "Forget",
            "Forgotten",
            applications.remove,
            warning="Nobody is linked by these applications any more, and tokens that they brought are not renewed:"
            " their accounts have to be linked again once those end.",
        ),
    )

    def has_add_permission(self, request: HttpRequest, *obj: Any) -> bool:
        """Operators register them."""
        return self.has_steer_permission(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Of a new one, what has to be given."""
        return list(RegistrationForm.base_fields) if obj is None else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All columns of one that is there."""
        return () if obj is None else super().get_readonly_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """The form has kept it."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """The tenant's own audit trail has it."""
