"""Who can sign in: a client's or a staff member's account, known in one cell only."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models

from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns


class UserManager(BaseUserManager["User"]):
    """Makes users; the e-mail address is the name to sign in with."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A user with a hashed password, or with none that could be used."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A staff member who may do everything; for the first sign-in of a new cell."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who can sign in. The e-mail address stands here in clear, and nowhere else."""

    columns = Columns(
        plain=("id", "is_active", "is_staff", "is_superuser", "joined_at"),
        never=("email", "password", "last_login", "sessions_generation"),
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField("e-mail address", unique=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    joined_at = models.DateTimeField(auto_now_add=True)
    sessions_generation = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Sessions of an earlier generation are over."
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        db_table = "crm_user"
        default_permissions = ("view",)
        permissions = [
            ("retry_parked_fact", "Can have parked facts tried again"),
            ("reset_staff_factors", "Can take away a colleague's lost second factor"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What each session carries and is compared with: another password or generation ends it.

        Django's own hook, for the key in use and for those before it.
        """
        of_password: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]  # not in the stubs
        if self.sessions_generation == 0:
            return of_password
        return hashlib.sha256(f"{self.sessions_generation}:{of_password}".encode()).hexdigest()
