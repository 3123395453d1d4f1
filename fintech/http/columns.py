"""A column of a list, or a line of an object's page, as the back office shows it.

Django takes callables for columns; these read the model's field, or the admin class's method, of their name, and show
what they find by its kind: money by its currency, a price by its instrument, an id as a link for who may follow it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist
from django.db.models import BooleanField, Field, ForeignKey, JSONField, Model
from django.http import HttpRequest
from django.urls import reverse

from fintech.http.showing import EMPTY, block, compact, decimal_text, label, link, minor_units, moment, price

if TYPE_CHECKING:
    from fintech.http.read_only import ShowingAdmin

MINOR: Final = "_minor"

_pages: dict[str, str] = {}


def column_leads_to(column: str, page: str) -> None:
    """Say that columns of this name hold ids of objects with pages of their own: `client_id`, `crm.client`."""
    _pages[column] = page


@dataclass(frozen=True)
class Column:
    """The column `name` of an admin class, for the person who asks. `listed` ones are narrow.

    `leads_on` is false for the column that is itself the link to the row's page.
    """

    name: str
    admin: ShowingAdmin = field(compare=False, repr=False)
    request: HttpRequest = field(compare=False, repr=False)
    listed: bool = True
    leads_on: bool = field(default=True, compare=False)

    @property
    def __name__(self) -> str:
        """What Django calls the column in the page's source."""
        return self.name

    @property
    def field(self) -> Field[Any, Any] | None:
        """The model's field of this name."""
        try:
            found = self.admin.opts.get_field(self.name)
        except FieldDoesNotExist:
            return None
        return found if isinstance(found, Field) else None

    @property
    def short_description(self) -> str:
        """The heading."""
        named = self.admin.labels.get(self.name)
        if named is not None:
            return named
        words = self.field.verbose_name if self.field else self._of_method("short_description", None)
        text = str(words or self.name.replace("_", " ")).removesuffix(" minor")
        return label(text.removesuffix(" id") if self.name in _pages else text)

    @property
    def boolean(self) -> bool:
        """Whether it is shown as a mark for yes or no."""
        return isinstance(self.field, BooleanField) or bool(self._of_method("boolean", False))

    @property
    def admin_order_field(self) -> str | None:
        """What its heading sorts by."""
        ordering: str | None = self.name if self.field else self._of_method("admin_order_field", None)
        return ordering

    def __call__(self, row: Model) -> Any:
        """What people see of a row."""
        value = self._of_row(row)
        if self.boolean:
            return value
        return EMPTY if value is None or value == "" else self._shown(value)

    def _of_row(self, row: Model) -> Any:
        column = self.field
        method = getattr(self.admin, self.name, None)
        if column is None and method is not None:
            return method(row)
        value = getattr(row, self.name)
        if value is None or column is None:
            return value
        if isinstance(column, ForeignKey):
            key = value.pk if isinstance(value, Model) else value
            return self._to_page(column.related_model._meta.label_lower, str(value), key)
        if self.name in _pages:
            return self._to_page(_pages[self.name], str(value), value)
        if column.choices:
            return getattr(row, f"get_{self.name}_display")()
        return self._by_kind(row, column, value)

    def _by_kind(self, row: Model, column: Field[Any, Any], value: Any) -> Any:
        if self.name.endswith(MINOR):
            return minor_units(value, self.admin.currency_of(row))
        if self.name in self.admin.prices:
            return price(value, self.admin.digits_of(row))
        return block(value) if isinstance(column, JSONField) else value

    def _to_page(self, page: str, shown: str, key: Any) -> Any:
        app, _, model = page.partition(".")
        url = None
        if self.leads_on and self.admin.leads_to(self.request, page):
            url = reverse(f"{self.admin.admin_site.name}:{app}_{model}_change", args=[key])
        return link(url, self._text(shown))

    def _shown(self, value: Any) -> Any:
        if hasattr(value, "__html__"):
            return value
        if isinstance(value, datetime):
            return moment(value)
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, Decimal):
            return decimal_text(value)
        if isinstance(value, list | tuple):
            return ", ".join(str(self._shown(each)) for each in value)
        return self._text(str(value)) if isinstance(value, str | UUID) else str(value)

    def _text(self, text: str) -> Any:
        return compact(text) if self.listed else text

    def _of_method(self, attribute: str, otherwise: Any) -> Any:
        method = getattr(self.admin, self.name, None)
        return getattr(method, attribute, otherwise)
