"""The kinds of refusal that crm's part of the API answers with."""

from __future__ import annotations

from fintech.http.problem_types import describe

describe(
    "client-unknown",
    title="Client unknown",
    status=404,
    explanation="There is no such client in this jurisdiction.",
)
describe(
    "client-closed",
    title="Relationship ended",
    status=409,
    explanation="The relationship with this client has ended; nothing about it changes any more.",
)
describe(
    "client-status-unchangeable",
    title="Status can't change so",
    status=409,
    explanation="The client has this status already, or the relationship has ended. `now` says which.",
)
describe(
    "email-taken",
    title="E-mail address taken",
    status=409,
    explanation="There is an account with this e-mail address already.",
)
describe(
    "registration-not-acceptable",
    title="Registration not acceptable",
    status=422,
    explanation="The person can't become a client; `fields` names what speaks against it.",
)
describe(
    "under-age",
    title="Under age",
    status=422,
    explanation="Clients are of full age: a contract for leveraged trading needs it.",
)
describe(
    "implausible-date",
    title="Implausible date of birth",
    status=422,
    explanation="The date lies in the future or too far back to be a living person's date of birth.",
)
describe(
    "identity-verified-already",
    title="Identity verified already",
    status=409,
    explanation="Identity is proved: no new case is needed, and name and date of birth stay what was proved.",
)
describe(
    "identity-case-unknown",
    title="Case unknown",
    status=404,
    explanation="The client has no such identity case.",
)
describe(
    "identity-case-open-already",
    title="A case is open already",
    status=409,
    explanation="A client has one identity case at a time: go on with the open one.",
)
describe(
    "identity-case-state",
    title="Not in this state of the case",
    status=409,
    explanation="A draft takes documents and is handed in; a handed-in case is approved or rejected; a decided one "
    "stays. `state` says where the case is.",
)
describe(
    "identity-case-incomplete",
    title="Case incomplete",
    status=409,
    explanation="A passport, identity card or driving licence has to be in the case before it is handed in. "
    "`uploaded` lists what is there.",
)
describe(
    "identity-case-full",
    title="Too many documents",
    status=409,
    explanation="The case takes no more documents. `most` says how many it takes.",
)
describe(
    "document-too-large",
    title="Document too large",
    status=413,
    explanation="`most` says how many bytes a document may have.",
)
describe(
    "document-type-unknown",
    title="Unknown type of document",
    status=415,
    explanation="By its content, the file is no whole PDF, PNG or JPEG. Its name and header don't matter.",
)
describe(
    "appropriateness-not-asked",
    title="No questions asked",
    status=409,
    explanation="In this jurisdiction nothing is asked before trading.",
)
describe(
    "questionnaire-not-in-force",
    title="Other questions in force",
    status=409,
    explanation="The answers are to another questionnaire than the one `in_force`: read it and answer that one.",
)
describe(
    "answers-not-usable",
    title="Answers don't fit the questions",
    status=422,
    explanation="Each question is answered by one of its choices. `question` names the first that isn't.",
)
describe(
    "risk-warning-not-in-force",
    title="Another risk warning in force",
    status=409,
    explanation="A client accepts the warning that was read: `in_force` is its version now.",
)
describe(
    "introducing-broker-unknown",
    title="Introducing broker unknown",
    status=422,
    explanation="No introducing broker has this code.",
)
describe(
    "client-introduced-already",
    title="Introduced already",
    status=409,
    explanation="The client counts for an introducing broker already.",
)
