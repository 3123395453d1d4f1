"""A model field for sealed personal data, which takes nothing else."""

from typing import Any

from django.core import checks
from django.core.exceptions import FieldError
from django.db import models

from fintech.privacy.envelope import Envelope, NotSealed
from fintech.privacy.retention import RetentionClass, retention_class

SEALED_SUFFIX = "_sealed"

# Ciphertext of equal texts differs, so comparing it finds nothing: look up by a blind index.
_LOOKUPS = frozenset({"isnull"})


class SealedField(models.BinaryField):  # type: ignore[type-arg]  # not generic at run time
    """Bytes made by `fintech.privacy.sealing.seal`, under the key of one retention class.

    Anything else is refused before it reaches the database, so that a clear name can't be stored
    here by mistake: TypeError for what isn't bytes, NotSealed (a ValueError) for bytes that
    aren't sealed or are sealed under another retention class. The column's name ends in
    `_sealed`. Filtering is by `isnull` only.
    """

    description = "Sealed personal data"

    def __init__(self, *args: Any, retention: str = RetentionClass.IDENTITY, **options: Any) -> None:
        self.retention = retention_class(retention)
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        """Name the retention class in migrations always: it decides which key opens the column."""
        name, path, args, options = super().deconstruct()
        options["retention"] = str(self.retention)
        return name, path, args, options

    def get_prep_value(self, value: Any) -> Any:
        """Let only sealed bytes of this retention class through to the database."""
        if value is None or hasattr(value, "resolve_expression"):
            return super().get_prep_value(value)
        if not isinstance(value, bytes | bytearray | memoryview):
            raise TypeError(f"{self} takes sealed bytes, not {type(value).__name__}")
        envelope = Envelope.parse(bytes(value))
        if envelope.retention is not self.retention:
            raise NotSealed(f"{self} takes what is sealed for {self.retention}, not for {envelope.retention}")
        return super().get_prep_value(value)

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> bytes | None:
        """Bytes, whichever buffer type the driver gives."""
        return None if value is None else bytes(value)

    def get_lookup(self, lookup_name: str) -> Any:
        """Refuse every comparison but `isnull`."""
        if lookup_name not in _LOOKUPS:
            raise FieldError(
                f"{self} can't be compared ({lookup_name}): equal texts have different ciphertexts; "
                f"store a blind index beside it"
            )
        return super().get_lookup(lookup_name)

    def check(self, **options: Any) -> list[checks.CheckMessage]:
        """Also hold the column's name to its ending."""
        messages: list[checks.CheckMessage] = super().check(**options)
        if not self.name.endswith(SEALED_SUFFIX):
            messages.append(
                checks.Error(
                    f"a sealed field's name ends in {SEALED_SUFFIX}",
                    hint=f"Rename {self.name} to {self.name}{SEALED_SUFFIX}.",
                    obj=self,
                    id="privacy.E010",
                )
            )
        return messages
