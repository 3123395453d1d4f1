"""Checkpoints as signed notes: by the published vectors of the format, and against forgers."""

from base64 import b64encode

import pytest

from audit.rules.checkpoint import (
    Checkpoint,
    NoteRejected,
    SigningKey,
    VerifierKey,
    open_checkpoint,
    open_note,
    sign_checkpoint,
)

# The example of Go's sumdb/note, where the format comes from: a key published to test with, and what it
# signs.
GO_SEED = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM="  # pragma: allowlist secret
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    f"{GO_TEXT}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

ORIGIN = "fintech.example/eu"
KEY = SigningKey.from_seed(name=ORIGIN, seed=b64encode(b"\x01" * 32).decode())
OTHER = SigningKey.from_seed(name=ORIGIN, seed=b64encode(b"\x02" * 32).decode())
HEAD = Checkpoint(ORIGIN, 1234, b"\x07" * 32)
NOTE = sign_checkpoint(HEAD, KEY)


def test_our_signature_is_the_published_one() -> None:
    """Ed25519 signs deterministically, so the note must be the same byte for byte."""
    key = SigningKey.from_seed(name="PeterNeumann", seed=GO_SEED)
    assert key.sign(GO_TEXT) == GO_NOTE
    assert str(key.verifier) == GO_VERIFIER
    assert open_note(GO_NOTE, VerifierKey.parse(GO_VERIFIER)) == GO_TEXT


@pytest.mark.parametrize(
    "published",
    [
        GO_VERIFIER,
        "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_published_keys_are_read_and_written_back(published: str) -> None:
    assert str(VerifierKey.parse(published)) == published


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name+12345678",
        GO_VERIFIER.replace("c74f20a3", "c74f20a4"),
        GO_VERIFIER.replace("+AR", "+BR"),
        GO_VERIFIER.replace("Peter", "Pe ter"),
        GO_VERIFIER[:-4],
        GO_VERIFIER + "*",
    ],
)
def test_a_damaged_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"key|base64"):
        VerifierKey.parse(text)


def test_a_checkpoint_is_three_lines_under_a_signature() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == [ORIGIN, "1234", b64encode(b"\x07" * 32).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]
    assert open_checkpoint(NOTE, KEY.verifier, origin=ORIGIN) == HEAD


def test_the_same_head_signed_again_gives_the_same_bytes() -> None:
    assert sign_checkpoint(HEAD, KEY) == NOTE


def test_signatures_of_witnesses_are_ignored_until_they_are_known() -> None:
    witness = SigningKey.from_seed(name="witness.example", seed=b64encode(b"\x03" * 32).decode())
    witnessed = NOTE + witness.sign(HEAD.text()).split("\n\n")[1]
    assert open_checkpoint(witnessed, KEY.verifier, origin=ORIGIN) == HEAD
    assert open_checkpoint(witnessed, witness.verifier, origin=ORIGIN) == HEAD
    with pytest.raises(NoteRejected, match="none of the keys"):
        open_checkpoint(NOTE, witness.verifier, origin=ORIGIN)


def test_another_key_of_the_same_name_is_another_key() -> None:
    with pytest.raises(NoteRejected, match="none of the keys"):
        open_note(NOTE, OTHER.verifier)


def test_a_checkpoint_of_another_cell_is_refused() -> None:
    with pytest.raises(NoteRejected, match=r"is of 'fintech\.example/eu'"):
        open_checkpoint(NOTE, KEY.verifier, origin="fintech.example/au")


@pytest.mark.parametrize("position", range(len(NOTE)))
def test_no_character_of_a_note_can_be_changed_unnoticed(position: int) -> None:
    changed = "0" if NOTE[position] != "0" else "1"
    with pytest.raises(NoteRejected):
        open_checkpoint(f"{NOTE[:position]}{changed}{NOTE[position + 1 :]}", KEY.verifier, origin=ORIGIN)


@pytest.mark.parametrize("length", range(len(NOTE)))
def test_a_truncated_note_is_refused(length: int) -> None:
    with pytest.raises(NoteRejected):
        open_note(NOTE[:length], KEY.verifier)


def test_a_wrong_signature_of_a_known_key_spoils_the_note() -> None:
    forged = KEY.sign(Checkpoint(ORIGIN, 1235, HEAD.root).text()).split("\n\n")[1]
    with pytest.raises(NoteRejected, match="doesn't fit"):
        open_note(NOTE + forged, KEY.verifier)


def test_a_note_with_absurdly_many_signatures_isnt_read() -> None:
    with pytest.raises(NoteRejected, match="more than"):
        open_note(NOTE + NOTE.split("\n\n")[1] * 100, KEY.verifier)


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n1\n",
        f"{ORIGIN}\n01\n{b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n-1\n{b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n1\n{b64encode(bytes(31)).decode()}\n",
        f"{ORIGIN}\n1\n{b64encode(bytes(32)).decode()}",
        f"\n1\n{b64encode(bytes(32)).decode()}\n",
    ],
)
def test_what_isnt_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteRejected):
        Checkpoint.parse(text)


@pytest.mark.parametrize("text", ["no newline", "a\ttab\n"])
def test_what_no_note_may_hold_isnt_signed(text: str) -> None:
    with pytest.raises(NoteRejected):
        KEY.sign(text)


def test_a_seed_of_another_length_is_refused_without_being_shown() -> None:
    seed = b64encode(b"secret").decode()
    with pytest.raises(ValueError, match="32 bytes") as refused:
        SigningKey.from_seed(name=ORIGIN, seed=seed)
    assert seed not in str(refused.value)
