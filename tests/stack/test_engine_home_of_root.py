"""Where the engines' data stands when root runs the stack and the engines' user can't follow it everywhere."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fintech.stack.engine_home import PREFIX, EngineHome, make_home, prepare_root, remove_root, short_mark
from fintech.stack.engine_user import EngineUser
from fintech.stack.errors import RootNotOurs, StackError
from fintech.stack.find_postgresql import find_postgresql
from fintech.stack.layout import LocalLayout
from fintech.stack.readable_programs import readable_postgresql


@pytest.fixture
def user() -> EngineUser:
    return EngineUser.choose()


@pytest.fixture
def private(tmp_path: Path) -> Iterator[LocalLayout]:
    """A root below a folder that only root may enter."""
    tmp_path.chmod(0o700)
    layout = LocalLayout(root=tmp_path / "repository" / ".local", base_port=8000, cell_names=("eu",))
    yield layout
    for place in (Path("/var/tmp"), Path(tempfile.gettempdir())):
        shutil.rmtree(place / f"{PREFIX}{short_mark(layout)}", ignore_errors=True)


@pytest.fixture
def public() -> Iterator[LocalLayout]:
    """A root that every user can come to."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o711)
    yield LocalLayout(root=folder / ".local", base_port=8000, cell_names=("eu",))
    shutil.rmtree(folder, ignore_errors=True)


def home_of(layout: LocalLayout, user: EngineUser) -> EngineHome:
    prepare_root(layout, user)
    return make_home(layout, user)


def test_root_is_never_the_engines_user(user: EngineUser) -> None:
    assert user.uid != 0


def test_a_user_named_by_the_setting_must_exist() -> None:
    with pytest.raises(StackError, match="no unprivileged user nosuchuser"):
        EngineUser.choose({"FINTECH_STACK_USER": "nosuchuser"})


def test_data_stands_in_the_root_if_the_engines_user_can_come_in(public: LocalLayout, user: EngineUser) -> None:
    assert home_of(public, user).folder == public.root / "engines"
    assert user.may_enter(public.engines)


def test_else_it_stands_outside_and_the_root_remembers_where(private: LocalLayout, user: EngineUser) -> None:
    home = home_of(private, user)
    assert user.may_enter(home.folder)
    (home.folder / "data").touch()
    assert home_of(private, user) == home
    assert (home.folder / "data").exists()


def test_a_reset_removes_what_stands_outside(private: LocalLayout, user: EngineUser) -> None:
    home = home_of(private, user)
    remove_root(private)
    assert not home.folder.exists()
    assert not private.root.exists()


def test_data_whose_root_was_deleted_by_hand_is_not_taken_over(private: LocalLayout, user: EngineUser) -> None:
    home = home_of(private, user)
    (home.folder / "data").touch()
    shutil.rmtree(private.root)
    again = home_of(private, user)
    assert again == home
    assert not (again.folder / "data").exists()


def test_data_of_a_deleted_repository_is_swept_by_the_next_start_of_another(
    private: LocalLayout, public: LocalLayout, user: EngineUser
) -> None:
    home = home_of(private, user)
    shutil.rmtree(private.root)
    home_of(public, user)
    assert not home.folder.exists()


def test_a_folder_outside_that_others_could_have_planted_is_refused(private: LocalLayout, user: EngineUser) -> None:
    folder = home_of(private, user).folder
    shutil.rmtree(private.root)
    folder.chmod(0o777)
    with pytest.raises(StackError, match="isn't ours"):
        home_of(private, user)


def test_a_folder_that_holds_something_else_is_refused(public: LocalLayout, user: EngineUser) -> None:
    public.root.mkdir()
    (public.root / "thesis.txt").touch()
    with pytest.raises(RootNotOurs, match="isn't empty"):
        prepare_root(public, user)


def test_the_root_of_another_user_is_refused(public: LocalLayout, user: EngineUser) -> None:
    prepare_root(public, user)
    os.chown(public.root, user.uid, user.gid)
    with pytest.raises(RootNotOurs, match="belongs to user"):
        prepare_root(public, user)


def test_programs_that_only_root_can_read_are_copied(private: LocalLayout, user: EngineUser) -> None:
    whole = find_postgresql().programs.parent
    installed = private.root.parent / "wheel"
    for part in ("bin", "lib", "share"):
        shutil.copytree(whole / part, installed / part, symlinks=True, ignore=shutil.ignore_patterns("*.a", "pg_*"))
    shutil.copy(whole / "bin" / "pg_basebackup", installed / "bin")
    for path in installed.rglob("*"):  # as installed under a umask of 077
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    found = find_postgresql({"FINTECH_POSTGRESQL_BIN": str(installed / "bin")})
    assert not user.can_execute(found.program("initdb"))
    usable = readable_postgresql(found, home_of(private, user))
    assert user.can_execute(usable.program("initdb"))
    assert user.can_execute(usable.program("postgres"))
