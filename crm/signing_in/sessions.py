"""Sessions in the bound cell's database, as Django keeps them; each request looks one up, by a prepared statement."""

from __future__ import annotations

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from fintech.cells.prepared_look_ups import PreparedLookUp

_session = PreparedLookUp(lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now))


class SessionStore(db.SessionStore):
    """Named, by its module, in SESSION_ENGINE. A session that is unknown or has ended is none."""

    def _get_session_from_db(self) -> Session | None:
        found = _session.first(self.session_key, timezone.now())
        if found is None:
            self._session_key = None
        return found
