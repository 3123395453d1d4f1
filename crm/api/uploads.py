"""Receiving a document: in memory only, since a temporary file would hold it in clear on a disk."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from crm.rules.documents import LARGEST_BYTES
from fintech.http.problems import PayloadTooLarge

# The parts of a form around its file: names, boundaries, the document's kind.
FORM_OVERHEAD_BYTES: Final = 16 * 1024


class InMemoryUploads(FileUploadHandler):
    """Keeps one file of at most LARGEST_BYTES, and raises PayloadTooLarge as soon as more comes."""

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any) -> None:
        """Refuse by the announced length, before anything is read."""
        if content_length > LARGEST_BYTES + FORM_OVERHEAD_BYTES:
            raise PayloadTooLarge(f"A document has at most {LARGEST_BYTES} bytes.")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        self._file = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a piece."""
        if start + len(raw_data) > LARGEST_BYTES:
            raise PayloadTooLarge(f"A document has at most {LARGEST_BYTES} bytes.")
        self._file.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """The file. Its name is what the sender says; nobody keeps it."""
        self._file.seek(0)
        return InMemoryUploadedFile(
            file=self._file,
            field_name=self.field_name,
            name="document",
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )


class TakesDocument:
    """A view's mixin, before APIView: its form's file is kept in memory. The view names MultiPartParser."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Set the handler before anything reads the body."""
        request.upload_handlers = [InMemoryUploads(request)]
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
