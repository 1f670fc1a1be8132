"""{files}/{id}/download: the bytes of a file, from the provider, and never kept.

They come completely before the first of them is answered, through a temporary file without a name: so a provider that
breaks off is an error, and not a file that ends early. A browser keeps the file and shows nothing of it.
"""

from __future__ import annotations

import unicodedata
import weakref
from contextlib import ExitStack
from typing import Any, Final

from django.http import FileResponse
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.request import Request

from integrations.kit.content import Spool
from unified_api.api import bulkhead, calling, parameters, writes
from unified_api.api.openapi.operation import Media, Operation
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.reading import ModelEndpoint, parse_id
from unified_api.models.base import CommonModel, model_id
from unified_api.sync import connect
from unified_api.sync.bridge.attachment_choice import LARGEST
from unified_api.sync.transfer import UNKNOWN, kind_of

_TYPE: Final = parameters.text("mime_type", "The media type that the file has to have; nothing is converted.")
_SHELL: Final = parameters.flag(
    "include_shell_data", "Without effect: what is known by reference only has no file."
)
#: Categories of signs that nobody sees, and that may turn the order of others: `exe.txt` can be a `txt.exe`.
_UNSEEN: Final = frozenset({"Cc", "Cf"})
#: A file is nobody's page: a browser neither guesses what it is nor runs what stands in it.
_GUARDED: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
}


class Download(ModelEndpoint):
    """GET {files}/{id}/download."""

    http_method_names = ("get",)
    operations = {
        "get": Operation({200: Media(("*/*",)), 403: REFUSAL, 409: REFUSAL}, query=(_TYPE, _SHELL)),
    }

    def get(self, _request: Request, id: str) -> FileResponse:  # noqa: A002 - the path's word
        """The file; its name and media type as the record has them, where these may be read."""
        record: Any = writes.stored(self.model, self.account, parse_id(id))
        if not self.account.may("read", model_id(self.model)):
            raise NotFound
        if record.is_shell or record.remote_was_deleted or record.remote_id is None:
            raise NotFound
        with ExitStack() as held:
            held.enter_context(bulkhead.slot())
            spool = held.enter_context(Spool(LARGEST))
            hidden = self.account.hidden(model_id(self.model))
            brought = self._bring(record, spool)
            kind = UNKNOWN if "content_type" in hidden else kind_of(record.content_type, brought)
            self._refuse_other(kind)
            told = None if "file_name" in hidden else record.file_name
            name = _nameable(told or record.remote_id)
            response = _Answer(spool.rewound(), as_attachment=True, filename=name, content_type=kind)
            response.hold(held.pop_all())
        for header, value in _GUARDED.items():
            response[header] = value
        return response

    def _bring(self, record: CommonModel, spool: Spool) -> str:
        with calling.answers_of(self.account):
            provider = connect.adapter_of(self.account)
            resource = provider.resource(self.model)
            if resource is None or resource.download is None:
                raise NotFound(
                    f"{provider.name} does not show what is in a file; `file_url` may say where it is."
                )
            with connect.line(self.account) as line:
                return line.client.download(resource, str(record.remote_id), spool)

    def _refuse_other(self, kind: str) -> None:
        wanted = self.asked(_TYPE)
        if wanted and wanted != kind:
            raise ParseError(f"The file is {kind}; files are not converted.")


class _Answer(FileResponse):
    """A file on its way to the caller: what it holds is let go when it is closed, or when nobody has it any more."""

    def hold(self, held: ExitStack) -> None:
        """Keep the file and the slot meanwhile, so that slow callers do not fill the disk."""
        self._let_go = weakref.finalize(self, held.close)

    def close(self) -> None:
        """Let them go."""
        super().close()
        self._let_go()


def _nameable(name: str) -> str:
    """The name of a file without ends of folders and signs that nobody sees."""
    return "".join("_" if sign in "/\\" or unicodedata.category(sign) in _UNSEEN else sign for sign in name)
