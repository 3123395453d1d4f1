"""The questions asked before a retail client may trade, and when the answers pass.

Two questionnaires: the appropriateness test of MiFID II Art 25(3) with Delegated Regulation (EU) 2017/565
Art 55-56 (knowledge and experience), and the target-market questions of the Australian design and distribution
obligations (Corporations Act 2001 Pt 7.8A), where a single wrong answer puts a person outside the market.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Kind = Literal["test", "target-market"]

KINDS: Final[tuple[Kind, ...]] = ("test", "target-market")


class UnusableAnswers(ValueError):
    """The answers don't fit the questions: one is missing, unknown or none of the choices."""

    def __init__(self, question: str, problem: str) -> None:
        super().__init__(f"{question}: {problem}")
        self.question = question
        self.problem = problem


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question; `points` says what each choice is worth."""

    code: str
    text: str
    choices: Mapping[str, str]
    points: Mapping[str, int]

    @property
    def most(self) -> int:
        """The points of its best choice."""
        return max(self.points.values())


@dataclass(frozen=True, kw_only=True)
class Questionnaire:
    """Questions asked together; `name` is stored with each set of answers. Passed from `needed` points on."""

    name: str
    kind: Kind
    questions: tuple[Question, ...]
    needed: int

    @property
    def out_of(self) -> int:
        """The points of a faultless set of answers."""
        return sum(question.most for question in self.questions)


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a set of answers came out."""

    points: int
    out_of: int
    passed: bool


def _question(code: str, text: str, *choices: tuple[str, str, int]) -> Question:
    return Question(
        code=code,
        text=text,
        choices=MappingProxyType({choice: wording for choice, wording, _ in choices}),
        points=MappingProxyType({choice: points for choice, _, points in choices}),
    )


_LEVERAGE = _question(
    "leverage",
    "With a leverage of 20:1, the price moves against you by 5 %. What have you lost?",
    ("a_twentieth", "A twentieth of the margin", 0),
    ("half", "Half of the margin", 0),
    ("all", "All of the margin", 1),
    ("unsure", "I don't know", 0),
)
_CLOSE_OUT = _question(
    "close_out",
    "Your margin level falls below the close-out level. What happens?",
    ("nothing", "Nothing, until you decide", 0),
    ("closed", "Positions are closed without asking you", 1),
    ("loan", "You are lent the missing margin", 0),
    ("unsure", "I don't know", 0),
)
_OWNERSHIP = _question(
    "ownership",
    "You buy a CFD on a share. What do you own?",
    ("share", "The share, with its voting right", 0),
    ("claim", "A contract on the difference of its price, and no share", 1),
    ("both", "Half of each", 0),
    ("unsure", "I don't know", 0),
)

TEST: Final = Questionnaire(
    name="mifid-cfd-2026-1",
    kind="test",
    questions=(
        _LEVERAGE,
        _CLOSE_OUT,
        _OWNERSHIP,
        _question(
            "overnight",
            "You keep a position open overnight. What may that cost you?",
            ("nothing", "Nothing", 0),
            ("swap", "Overnight financing, each night", 1),
            ("once", "A fee once a month", 0),
            ("unsure", "I don't know", 0),
        ),
        _question(
            "experience",
            "How often have you dealt in leveraged instruments in the last three years?",
            ("never", "Never", 0),
            ("some", "Up to ten times", 1),
            ("often", "More than ten times", 2),
        ),
    ),
    needed=4,
)

TARGET_MARKET: Final = Questionnaire(
    name="target-market-cfd-2026-1",
    kind="target-market",
    questions=(
        _LEVERAGE,
        _CLOSE_OUT,
        _question(
            "afford",
            "Could you lose all the money that you pay in, and still meet your obligations?",
            ("yes", "Yes", 1),
            ("no", "No", 0),
        ),
        _question(
            "purpose",
            "What is this money for?",
            ("speculation", "To speculate over a short time, at high risk", 1),
            ("retirement", "Savings for later life", 0),
            ("income", "A steady income", 0),
        ),
    ),
    needed=4,
)


def questionnaire_for(rule: Kind | None) -> Questionnaire | None:
    """What a jurisdiction's rule `appropriateness` asks; None where nothing is asked."""
    return {"test": TEST, "target-market": TARGET_MARKET}[rule] if rule else None


def judge(questionnaire: Questionnaire, answers: Mapping[str, str]) -> Result:
    """Points and verdict. Raises UnusableAnswers unless each question has one of its choices, and no other is named."""
    codes = {question.code for question in questionnaire.questions}
    for code in answers:
        if code not in codes:
            # What was written instead of a question's code may be anything, and isn't repeated.
            raise UnusableAnswers("unknown", "an answer is to no question of these")
    points = 0
    for question in questionnaire.questions:
        if question.code not in answers:
            raise UnusableAnswers(question.code, "this question isn't answered")
        choice = answers[question.code]
        if choice not in question.choices:
            raise UnusableAnswers(question.code, f"the choices are {', '.join(question.choices)}")
        points += question.points[choice]
    return Result(points=points, out_of=questionnaire.out_of, passed=points >= questionnaire.needed)
