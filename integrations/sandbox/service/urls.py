"""Addresses of the sandbox, below /sandbox/."""

from __future__ import annotations

from django.urls import path

from integrations.sandbox.service import accounts, oauth, views

urlpatterns = [
    path("accounts", accounts.Accounts.as_view(), name="sandbox-accounts"),
    path("oauth/authorize", oauth.Authorize.as_view(), name="sandbox-authorize"),
    path("oauth/token", oauth.Token.as_view(), name="sandbox-token"),
    path("oauth/revoke", oauth.Revoke.as_view(), name="sandbox-revoke"),
    path("v1/grants", views.Grants.as_view(), name="sandbox-grants"),
    path("v1/account", views.Account.as_view(), name="sandbox-account"),
    path("v1/behaviour", views.Behaviour.as_view(), name="sandbox-behaviour"),
    path("v1/webhooks", views.Webhooks.as_view(), name="sandbox-webhooks"),
    path("v1/webhooks/<str:webhook_id>", views.Webhook.as_view(), name="sandbox-webhook"),
    path("v1/objects/<str:kind>", views.Objects.as_view(), name="sandbox-objects"),
    path("v1/objects/<str:kind>/<str:name>", views.Object.as_view(), name="sandbox-object"),
    path("v1/objects/<str:kind>/<str:name>/content", views.Content.as_view(), name="sandbox-content"),
]
