"""From a stranger to a client whose identity is proved."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from fintech.journey.cast import BROKER_CODE, Story
from fintech.journey.expectations import await_that, expect

# The right answers to every question that a jurisdiction may ask.
ANSWERS: Final = {
    "leverage": "all",
    "close_out": "closed",
    "ownership": "claim",
    "overnight": "swap",
    "experience": "some",
    "afford": "yes",
    "purpose": "speculation",
}

# Where the story's client lives, by jurisdiction.
COUNTRIES: Final = {"eu": "IE", "au": "AU", "uk": "GB", "sc": "SC"}


def play(story: Story) -> None:
    """Register, confirm, sign in, answer, accept, prove identity."""
    story.narration.chapter("Getting in")
    _register(story)
    _confirm(story)
    _sign_in(story)
    _see_next_steps(story)
    _answer_questions(story)
    _accept_risk_warning(story)
    _prove_identity(story)
    _approve_identity(story)


def _register(story: Story) -> None:
    with story.narration.step("register with the introducing broker's code") as step:
        pending = story.client.sign_up(
            full_name="Ada Example",
            country=COUNTRIES.get(story.place.jurisdiction.code, "IE"),
            date_of_birth="1988-02-29",
            address="1 Harbour Street, Sampletown",
            ib_code=BROKER_CODE,
        )
        expect("still to be done", expected=["verify_email"], found=pending)
        step.saw(f"registered as {story.client.email}, introduced by {BROKER_CODE}; asked for the code from the mail")


def _confirm(story: Story) -> None:
    with story.narration.step("read the code in the mail and confirm the address") as step:
        subject, code = story.mailbox.code()
        story.client.confirm(code)
        step.saw(f"mail “{subject}”; its code was taken")


def _sign_in(story: Story) -> None:
    with story.narration.step("sign out, and in by password") as step:
        story.client.sign_out()
        story.client.door.ask("GET", "/api/v1/profile", expecting=401)
        story.client.sign_in()
        step.saw("without a session 401; then a session token")


def _see_next_steps(story: Story) -> None:
    with story.narration.step("look at the profile") as step:
        profile = story.client.get("profile")
        story.client_id = profile["client_id"]
        expect("verified", expected=False, found=profile["verified"])
        expect(
            "the entity",
            expected=story.place.jurisdiction.entities[0].legal_name,
            found=profile["entity"]["legal_name"],
        )
        steps = ", ".join(f"{item['step']} ({item['holder']})" for item in profile["next_steps"])
        step.saw(f"{profile['entity']['legal_name']}, licence {profile['entity']['licence']}; next: {steps}")


def _answer_questions(story: Story) -> None:
    with story.narration.step("answer the questions asked before trading") as step:
        kind = story.place.rules.appropriateness
        if kind is None:
            story.client.door.ask(
                "GET",
                "/api/v1/appropriateness-questionnaire",
                expecting=404,
                headers={"X-Session-Token": story.client.token or ""},
            )
            step.saw("this jurisdiction asks none")
            return
        asked = story.client.get("appropriateness-questionnaire")
        expect("the kind", expected=kind, found=asked["kind"])
        answers = {question["code"]: ANSWERS[question["code"]] for question in asked["questions"]}
        body = {"questionnaire": asked["name"], "answers": answers}
        result = story.client.post("appropriateness-tests", body)
        expect("passed", expected=True, found=result["passed"])
        step.saw(f"{asked['name']}: {result['points']} of {result['out_of']} points, passed")


def _accept_risk_warning(story: Story) -> None:
    with story.narration.step("read and accept the risk warning") as step:
        warning = story.client.get("risk-warning")
        expect("accepted", expected=None, found=warning["accepted_at"])
        accepted = story.client.post("risk-warning-acceptances", {"version": warning["version"]})
        step.saw(f"“{_beginning(warning['text'])}”; version {accepted['version']} accepted")


def _prove_identity(story: Story) -> None:
    with story.narration.step("open an identity case, upload a document, hand it in") as step:
        case = story.client.post("identity-cases")
        picture = passport_picture()
        document = story.client.upload(
            f"identity-cases/{case['id']}/documents",
            kind="passport",
            name="passport.png",
            content=picture,
            media_type="image/png",
        )
        expect("the size", expected=len(picture), found=document["size_bytes"])
        handed_in = story.client.post(f"identity-cases/{case['id']}/submit", expecting=200)
        expect("the case", expected="submitted", found=handed_in["state"])
        story.case_id = case["id"]
        step.saw(f"{document['media_type']} of {document['size_bytes']} bytes is in; the case is submitted")


def _approve_identity(story: Story) -> None:
    with story.narration.step("compliance opens the document and approves, with a reason") as step:
        home = story.compliance.sign_in()
        page = story.compliance.see(f"crm/identitycase/{story.case_id}/change/")
        media_type, content = story.compliance.open_file(page.link(r"/documents/"))
        expect("the document", expected=passport_picture(), found=content)
        done = story.compliance.press(f"crm/identitycase/{story.case_id}/do/approve/", reason="Document and data agree")
        step.saw(f"queues “{_queues(home.text)}”; {media_type} as uploaded; {done}")
    with story.narration.step("the client is verified") as step:
        profile = await_that("verified", lambda: story.client.get("profile"), lambda seen: seen["verified"])
        expect("what is still to be done", expected=[], found=profile["next_steps"])
        expect("may trade", expected=True, found=profile["may_trade"])
        step.saw("verified, may trade, nothing left to do")


def _beginning(text: str) -> str:
    return text if len(text) <= 90 else f"{text[:88].rsplit(' ', 1)[0]} …"


def _queues(text: str) -> str:
    return "Identity cases" if "Identity cases" in text else text[:60]


def passport_picture() -> bytes:
    """A small picture, made up: a PNG of grey stripes."""
    width, height = 64, 48
    rows = b"".join(b"\0" + bytes(((x + y) * 4) % 256 for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data) for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
