"""Buttons on an object's page: each asks for a reason, then calls a verb.

    class WithdrawalAdmin(ReadOnlyAdmin):
        @object_action("Approve", permission="payments.approve_withdrawal", offered=lambda w: w.state == "requested")
        def approve(self, request, withdrawal, *, key, reason):
            approve_withdrawal(key=key, reason=reason, withdrawal_id=withdrawal.pk)
            return "The withdrawal is approved."

The form carries the idempotency key, made when the form was shown: a double click is one decision. What the method
returns is shown to the staff member; a Refusal is shown in the form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from fintech.cells.identifiers import uuid7

LONGEST_REASON: Final = 500
_KEY: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class DecisionForm(forms.Form):
    """What every decision of staff is asked for. Further fields go to the action's method by their names."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        help_text="Stays in the audit trail for good: name no person.",
    )
    key = forms.CharField(widget=forms.HiddenInput)

    def clean_key(self) -> str:
        """A key that this form was given; nothing else names a decision."""
        key: str = self.cleaned_data["key"]
        if not _KEY.fullmatch(key):
            raise ValidationError("This form is broken: open it again.")
        return key

    @classmethod
    def fresh_key(cls) -> str:
        """A key for a decision that nobody has made yet."""
        return str(uuid7())


@dataclass(frozen=True, kw_only=True)
class ObjectAction:
    """One button. `offered` says of which objects it is to be seen; the verb decides all the same."""

    name: str
    label: str
    permission: str
    form: type[DecisionForm]
    offered: Callable[[Any], bool]


Method = Callable[..., str]


def object_action(
    label: str,
    *,
    permission: str,
    form: type[DecisionForm] = DecisionForm,
    offered: Callable[[Any], bool] = lambda _: True,
) -> Callable[[Method], Method]:
    """Declare a method of a ReadOnlyAdmin as a button: `method(request, object, *, key, reason, …) -> message`."""

    def declare(method: Method) -> Method:
        method.object_action = ObjectAction(  # type: ignore[attr-defined]
            name=method.__name__.replace("_", "-"), label=label, permission=permission, form=form, offered=offered
        )
        return method

    return declare


def actions_of(admin_class: type) -> dict[str, tuple[ObjectAction, str]]:
    """The buttons of an admin class by name, in the order of declaration, each with its method's name."""
    found: dict[str, tuple[ObjectAction, str]] = {}
    for cls in reversed(admin_class.__mro__):
        for attribute, value in vars(cls).items():
            action = getattr(value, "object_action", None)
            if isinstance(action, ObjectAction):
                found[action.name] = (action, attribute)
    return found
