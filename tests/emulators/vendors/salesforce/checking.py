"""What is wrong with what is written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

from tests.emulators.vendors.salesforce import acts
from tests.emulators.vendors.salesforce.common import eighteen, refusal
from tests.emulators.vendors.salesforce.fields import Field, visible
from tests.emulators.vendors.salesforce.soql import no_field
from tests.emulators.world import Record, World

_NUMBER: Final = (int, float)
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "boolean": (bool,),
    "int": (int,),
    **dict.fromkeys(("double", "currency", "percent"), _NUMBER),
}


def checked(world: World, kind: str, body: Record, flag: str) -> Record:
    """The values of a body, as they are kept; raises Refused for the first that is wrong."""
    known = visible(world, kind)
    return {name: _value(world, kind, known.get(name), name, value, flag) for name, value in body.items()}


def _value(world: World, kind: str, known: Field | None, name: str, value: Any, flag: str) -> Any:
    if known is None:
        raise no_field(name, kind)
    if flag not in known.flags:
        message = f"Unable to create/update fields: {name}. Please check the security settings of this field."
        raise refusal(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, name)
    if value is None or value == "":
        return None
    if known.type in {"date", "datetime"}:
        return _time(known, value)
    types = _TYPES.get(known.type, (str,))
    if not isinstance(value, types) or (isinstance(value, bool) and types != (bool,)):
        raise refusal(400, "JSON_PARSER_ERROR", f"Cannot deserialize {known.type} from {value!r}", name)
    return _text(world, known, value) if isinstance(value, str) else value


def _text(world: World, known: Field, value: str) -> str:
    name = known.name
    if len(value) > known.length:
        raise refusal(
            400, "STRING_TOO_LONG", f"{name}: data value too large (max length={known.length})", name
        )
    if known.type == "email" and value.count("@") != 1:
        raise refusal(400, "INVALID_EMAIL_ADDRESS", f"{name}: invalid email address: {value}", name)
    if known.type != "reference":
        return value
    if not acts.is_there(world, name, eighteen(value)):
        raise refusal(
            400, "INVALID_CROSS_REFERENCE_KEY", f"{name}: id value of incorrect type: {value}", name
        )
    return eighteen(value)


def _time(known: Field, value: Any) -> Any:
    try:
        if known.type == "date":
            return date.fromisoformat(value)
        return datetime.fromisoformat(value).astimezone(UTC).replace(microsecond=0)
    except (TypeError, ValueError) as error:
        raise refusal(
            400, "JSON_PARSER_ERROR", f"Cannot deserialize {known.type} from {value!r}", known.name
        ) from error
