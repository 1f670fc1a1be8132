"""What all endpoints share: the caller's scope around the whole request, JSON in, JSON out, never a web page."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar, Final, TypeAlias, TypeVar

import orjson
import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from rest_framework.exceptions import APIException, NotFound, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from tenants.audit import acting
from tenants.models import ApiKey, LinkedAccount
from tenants.postgres.ask import Premise, on
from tenants.scope import scope
from unified_api.api import auth, errors
from unified_api.api.openapi.operation import Operation, Told
from unified_api.api.openapi.schema import ID, Schema
from unified_api.api.parameters import Parameter
from unified_api.api.params import Params
from unified_api.serve.lengths import is_lengthless
from unified_api.sync.allowance import Allowance, is_limited, spend

T = TypeVar("T")
#: Levels of a body; what is nested more deeply, orjson reads and does not write.
_DEEPEST: Final = 250
log = structlog.get_logger(__name__)


class AlwaysJson(BaseContentNegotiation):
    """There is one form of answer, so nothing is negotiated."""

    def select_parser(self, request: Request, parsers: Any) -> Any:  # noqa: ARG002 - DRF's signature
        """Bodies are read by `Endpoint.body`."""
        return None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:  # noqa: ARG002
        """JSON, whatever is accepted."""
        return JSONRenderer(), errors.JSON


class Endpoint(APIView):
    """One URL. Everything in its methods runs in the tenant's scope, and outside of any transaction.

    category: the path's. needs_key: whether the caller has to be known. needs_account: whether the request names a
    linked account. may_recall: whether who reads may be recalled, as what is read is asked for by `ask`. tag,
    operations, path_id, path_others: what the OpenAPI document says of the URL: the group that it stands in, by method
    what it takes and answers, and what stands in the place of an id in its path, or of what else has a name there.
    """

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = ()
    content_negotiation_class = AlwaysJson
    metadata_class = None
    http_method_names = tuple(method for method in APIView.http_method_names if method != "options")

    category: str = ""
    needs_key: bool = True
    needs_account: bool = True
    may_recall: bool = False
    tag: str = ""
    operations: ClassVar[Mapping[str, Told]] = {}
    path_id: ClassVar[Schema] = ID
    path_others: ClassVar[Mapping[str, Schema]] = MappingProxyType({})

    key: ApiKey
    _account: LinkedAccount | None = None
    _premise: Premise | None = None
    _allowance: Allowance | None = None
    _begun: bool = False

    def __init_subclass__(cls, **more: Any) -> None:
        """HEAD is GET without a body. Django would say so of each instance, which is a link from it to itself."""
        super().__init_subclass__(**more)
        if "get" in vars(cls):
            cls.head = cls.get  # type: ignore[attr-defined] # of the subclass

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer, and leave the caller's scope at the end.

        To a caller who was recalled nothing is answered before the premise has been seen to hold; but that we failed
        before anybody could look, which tells of no tenant and would only be tried, and take its time, twice.
        """
        with ExitStack() as self._within:
            answer = super().dispatch(request, *args, **kwargs)
        for name, told in self._allowance.headers.items() if self._allowance else ():
            answer.headers[name] = told
        if self._premise is None or self._premise.holds:
            return answer
        if self._premise.holds is None and answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return answer
        self._premise, self.may_recall = None, False
        return self.dispatch(request, *args, **kwargs)

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """The framework's request, without what it tells parsers, as there are none: links to itself and to this.

        These would keep every answer in memory until the garbage collector comes by.
        """
        made = super().initialize_request(request, *args, **kwargs)
        made.parser_context = {}
        return made

    def initial(self, request: Request, *_args: Any, **_kwargs: Any) -> None:
        """Enter the caller's scope; raises AuthenticationFailed, TooMany."""
        if not self.needs_key:
            return
        # Who is counted is asked for anyway, and nobody is counted on a premise.
        may_recall = self.may_recall and request.method in {"GET", "HEAD"} and not is_limited()
        caller = auth.caller_of(request, may_recall=may_recall)
        self.key, self._premise = caller.key, caller.premise
        if self._premise is not None:
            self._within.enter_context(on(self._premise))
        self._within.enter_context(scope(caller.key.tenant_id))
        sender = str(request.META.get("REMOTE_ADDR", ""))
        self._within.enter_context(acting("api_key", self.key.hint, sender))
        if self.needs_account:
            self._account = auth.account_of(request, caller, self.category)
            self._count()
        self._begun = True

    def _count(self) -> None:
        """Take a request from those of the account; raises TooMany."""
        self._allowance = told = spend(self.account.id)
        if told is not None and told.is_used_up:
            sentence = (
                f"This linked account has {told.most} requests a minute, and has had them; nothing was begun."
            )
            raise errors.TooMany(sentence, after=told.wait)

    @property
    def account(self) -> LinkedAccount:
        """The linked account that the request is about."""
        assert self._account is not None  # noqa: S101 - endpoints without one do not ask
        return self._account

    @property
    def params(self) -> Params:
        """The query parameters."""
        return Params(self.request.query_params)

    def asked(self, parameter: Parameter[T]) -> T:
        """What the request says of a parameter; raises DRF's ValidationError."""
        return parameter.of(self.params)

    def operation(self, method: str) -> Operation:
        """What a method takes and answers; raises KeyError where it is not declared."""
        told = self.operations[method]
        return told if isinstance(told, Operation) else told(self)

    @property
    def _harmless(self) -> bool:
        """Whether the request has certainly changed nothing, and may be repeated."""
        return self.request.method in {"GET", "HEAD"} or not self._begun

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent, whose texts can all be stored; raises DRF's exceptions."""
        if is_lengthless(self.request):
            raise errors.Lengthless
        try:
            sent = orjson.loads(self.request.body or b"{}")
        except RequestDataTooBig as error:
            raise errors.TooLarge from error
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}") from error
        if not isinstance(sent, dict):
            raise ParseError("The body has to be a JSON object.")
        if _is_too_deep(sent, self.request.body):
            raise ParseError(f"The body is nested too deeply: {_DEEPEST} levels are the most.")
        if b"\\u0000" in self.request.body and (place := _place_of_nul(sent)) is not None:
            raise errors.malformed(place, "a text without NUL characters is expected")
        return sent

    def handle_exception(self, exc: Exception) -> HttpResponse:  # type: ignore[override] # DRF takes it
        """Every error as JSON. What we did not expect goes to the log, and is a 500."""
        if isinstance(exc, APIException):
            return errors.of(exc)
        if isinstance(exc, OperationalError | InterfaceError) and self._harmless:
            log.warning("request.database_away", path=self.request.path, problem=str(exc).partition("\n")[0])
            return errors.of(errors.Busy("The database does not answer just now; try again.", after=5))
        log.error("request.failed", path=self.request.path, exc_info=exc)
        return errors.broken()


def _is_too_deep(sent: Any, text: bytes) -> bool:
    """Whether it cannot be written as JSON again, though it could be read."""
    if text.count(b"[") + text.count(b"{") <= _DEEPEST:
        return False
    try:
        orjson.dumps(sent)
    except TypeError:  # orjson's JSONEncodeError: all else in it came from JSON
        return True
    return False


#: A key, and the place of what it stands in: paths that share their beginnings, as a body may be large.
_Place: TypeAlias = "tuple[_Place, str] | None"


def _place_of_nul(sent: Any) -> str | None:
    """The keys that lead to a text with a NUL character, with dots between; None where there is none."""
    left: list[tuple[_Place, Any]] = [(None, sent)]
    while left:  # no recursion: a body may be nested deeper than Python calls
        place, value = left.pop()
        if isinstance(value, str) and "\0" in value:
            return _spelled(place)
        if isinstance(value, dict):
            for name, one in value.items():
                if "\0" in name:
                    return _spelled((place, name))
                if isinstance(one, dict | list | str):
                    left.append(((place, name), one))
        elif isinstance(value, list):
            left += [(place, one) for one in value if isinstance(one, dict | list | str)]
    return None


def _spelled(place: _Place) -> str:
    names: list[str] = []
    while place is not None:
        place, name = place
        names.append(name)
    return ".".join(reversed(names)).replace("\0", "\N{REPLACEMENT CHARACTER}")


class Unknown(APIView):
    """Every path below /api/ that is none."""

    authentication_classes = ()
    permission_classes = ()
    content_negotiation_class = AlwaysJson

    def dispatch(self, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """404, as JSON; a path with a slash at its end is one of these."""
        return errors.of(NotFound())
