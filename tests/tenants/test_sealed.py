"""Which columns hold secrets, and what the database reads of an envelope by itself."""

from __future__ import annotations

import re
import uuid
from random import Random

import pytest
from django.apps import apps
from django.db import models

from tenants import vault
from tenants.models import LinkedAccount, Tenant
from tenants.sealed import SealedField, purpose_of, sealed_columns
from tenants.vault import Key, KeyRing, Secret
from tests.tenants.switches import Owner
from unified_api.models.base import CommonModel


def test_the_list_comes_from_the_models() -> None:
    """It holds what is known to be sealed, and each purpose once: an envelope opens in one column only."""
    assert sealed_columns()[LinkedAccount] == ["sealed_token", "sealed_credential"]
    purposes = [(m, purpose_of(m, name)) for m, names in sealed_columns().items() for name in names]
    assert len(set(purposes)) == len(purposes)
    assert all(purpose for _, purpose in purposes)


def test_no_sealed_column_is_left_out() -> None:
    """Bytes whose column is named as sealed are a SealedField, save for the tenant's own key.

    The columns of common models are named as the wire names them.
    """
    named = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.BinaryField) and "sealed" in field.name
    }
    listed = {
        (model, name)
        for model, names in sealed_columns().items()
        for name in names
        if not issubclass(model, CommonModel)
    }

    assert named == listed | {(Tenant, "sealed_key")}


def test_what_is_not_sealed_has_no_purpose() -> None:
    """Asking for it is a mistake."""
    with pytest.raises(TypeError, match="end_user_origin_id is no SealedField"):
        purpose_of(LinkedAccount, "end_user_origin_id")


def test_for_migrations_it_is_bytes() -> None:
    """So that no migration follows from a purpose, and old ones need no class of ours."""
    field = LinkedAccount._meta.get_field("sealed_token")
    assert isinstance(field, SealedField)
    _, path, args, options = field.deconstruct()

    assert (path, args, options) == ("django.db.models.BinaryField", [], {"default": b""})


def read_by(database: Owner, sealed: bytes) -> str:
    """What the database computes for this envelope."""
    row = database.execute(
        "INSERT INTO tenants_tenant (id, name, sealed_key) VALUES (%s, %s, %s) RETURNING sealed_under",
        [uuid.uuid4(), str(uuid.uuid4()), sealed],
    ).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("key_id", ["k", "k1", "k20260131-2", "a" * 64])
def test_the_database_reads_the_id_as_the_vault_does(database: Owner, key_id: str) -> None:
    """Whatever the id, and for an envelope that is cut short too."""
    sealed = vault.seal(Secret("x"), ring=KeyRing(Key(key_id, b"1" * 32)), bound_to=b"")

    assert read_by(database, sealed) == vault.sealed_under(sealed) == key_id
    assert read_by(database, sealed[: len(key_id) + 1]) == key_id[:-1]


def test_no_bytes_stop_the_database(database: Owner) -> None:
    """Erased, altered, random: a row can be stored; where the vault reads an id, the database reads the same."""
    random = Random(7)
    noise = [random.randbytes(random.randrange(80)) for _ in range(200)]
    begun = [bytes([vault.VERSION, random.randrange(6)]) + text for text in noise]
    for sealed in [b"", *noise, *begun]:
        read = read_by(database, sealed)
        if len(sealed) <= vault.LENGTHS or sealed[0] != vault.VERSION:
            assert read == ""
        elif re.fullmatch(rb"[\w.-]*", sealed[2 : 2 + sealed[1]], re.ASCII):
            assert read == vault.sealed_under(sealed)
