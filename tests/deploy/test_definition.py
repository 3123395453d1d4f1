"""The definition reads, its parts agree with each other and with the product, and what doesn't is refused by name."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from django.core.management import get_commands

from deploy.definition import DefinitionError, read_alerts, read_environment, read_environments, read_services
from deploy.definition.alerts import FILE as ALERTS
from deploy.definition.alerts import RUNBOOKS
from deploy.definition.environments import FOLDER as ENVIRONMENTS
from deploy.definition.services import FILE as SERVICES
from deploy.definition.services import METRICS_PATH, READY_PATH
from deploy.monitoring.prometheus_rules import outdated, rendered
from fintech.observability.doors import DOORS
from fintech.project import urls_api, urls_web
from fintech.stack import local_secrets
from fintech.stack.layout import LocalLayout
from fintech.stack.local_services import PRICES, product_services
from fintech.stack.postgresql_databases import roles_of
from trading.feed.routing import websocket_application

# Secrets that the local stack makes and no part of the product reads: those of the engines themselves.
OF_THE_ENGINES = {"database/postgres", "database/replicator"}
# Secrets of providers that the local stack doesn't work with.
OF_OTHER_PROVIDERS = {"psp/stripe/api-key", "psp/stripe/webhook-secret"}
# Secrets that a cloud's monitoring uses, and no part of the product.
OF_THE_MONITORING = {"pagerduty/page", "pagerduty/ticket", "new-relic/license-key"}
SECTIONS = ["What it means", "What to look at", "What to do", "When it's over"]


def test_the_seven_services_are_defined_in_this_order() -> None:
    assert list(read_services().services) == ["web", "api", "ws", "worker", "relay", "engine", "beat"]


def test_each_database_is_entered_by_the_roles_that_are_made_for_it() -> None:
    databases = read_services().databases
    assert list(databases) == list(local_secrets.CONCERNS)
    for name, database in databases.items():
        assert (database.owner, *database.roles) == roles_of(name)


def test_each_secret_that_is_made_is_declared_and_the_reverse() -> None:
    made = {name.removeprefix("eu/") for name in local_secrets._makers(["eu"])}
    assert set(read_services().secrets) == made - OF_THE_ENGINES | OF_OTHER_PROVIDERS | OF_THE_MONITORING


def test_only_the_worker_signs_and_only_tasks_own() -> None:
    definition = read_services()
    signers = {name for name, service in definition.services.items() if "audit/signing-key" in service.secrets}
    assert signers == {"worker"}
    owners = {f"database/{database.owner}" for database in definition.databases.values()}
    assert not [name for name, service in definition.services.items() if owners & set(service.secrets)]
    assert owners <= set(definition.tasks["migrate"].secrets)


def test_each_address_is_brought_to_the_service_that_answers_it() -> None:
    services = read_services().services
    expected = {
        "web": {first_word(str(found.pattern)) for found in urls_web.urlpatterns} | {"static"},
        "api": {first_word(str(found.pattern)) for found in urls_api.urlpatterns},
        "ws": {first_word(str(found.pattern)) for found in websocket_application.routes},
    }
    # What has no prefix of its own is included; its first words are those of what it includes.
    expected["api"] = (expected["api"] - {""}) | {"problems"}
    for name, words in expected.items():
        assert {first_word(path) for path in services[name].paths} == words


def first_word(path: str) -> str:
    return path.lstrip("^/").partition("/")[0]


def test_every_process_answers_for_itself_where_the_definition_says() -> None:
    assert {READY_PATH, METRICS_PATH} <= set(DOORS)


def test_the_local_stack_runs_every_service_with_what_it_may_touch(tmp_path: Path) -> None:
    layout = LocalLayout(root=tmp_path, base_port=8000, cell_names=("au", "eu"))
    local = {service.name: service for service in product_services(layout, ["eu", "au"])}
    of_a_cell = [f"{name}-{cell}" for name in ("worker", "relay", "engine", "beat") for cell in ("eu", "au")]
    assert list(local) == ["web", "api", "ws", *of_a_cell]
    ports = {local[name].environment["FINTECH_DOORS_PORT"] for name in of_a_cell}
    assert len(ports) == len(of_a_cell)
    assert local["engine-eu"].environment["FINTECH_NEEDED_DATABASES"] == "trading"
    assert local["beat-au"].environment["FINTECH_SECRETS_ALLOWED"] == "valkey/password au/django/secret-key"
    assert "eu/psp/sandbox/api-key" in local["api"].environment["FINTECH_SECRETS_ALLOWED"].split()
    assert PRICES not in {name.partition("-")[0] for name in local}, "prices come from outside"


def test_each_environment_has_a_cell_in_each_jurisdiction_of_the_demo() -> None:
    environments = read_environments()
    assert {name: set(environment.cells) for name, environment in environments.items()} == {
        "staging": {"eu", "au"},
        "production": {"eu", "au"},
    }
    cells = [cell for environment in environments.values() for cell in environment.cells.values()]
    hosts = [host for cell in cells for host in cell.hosts]
    assert len(set(hosts)) == len(hosts), "one host name leads to one cell of one environment"


def test_the_promised_alerts_are_there_and_wake_somebody_or_wait_for_the_day() -> None:
    alerts = read_alerts()
    assert {alert.promise for alert in alerts.values()} >= {"P24", "P25", "P26", "P27", "P28"}
    assert (alerts["webhook-slow"].threshold, alerts["pool-full"].threshold) == (5, 0.8)
    assert (alerts["endpoint-errors"].threshold, alerts["queue-growing"].for_seconds) == (0.01, 300)
    assert alerts["certificate-ending"].threshold == 30 * 24 * 3600


def test_the_rules_are_rendered_as_defined() -> None:
    assert outdated() == []


def test_a_change_of_an_alert_changes_the_rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    changed = tmp_path / "alerts.toml"
    changed.write_text(ALERTS.read_text().replace("threshold = 0.8", "threshold = 0.9"))
    monkeypatch.setattr("deploy.monitoring.prometheus_rules.read_alerts", lambda: read_alerts(changed))
    assert all("fintech_pool_connections_max) > 0.9" in text for text in rendered().values())
    assert len(outdated()) == 2


# The runbooks


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_a_runbook_is_of_an_alert_and_says_what_to_do(page: Path) -> None:
    text = page.read_text()
    assert page.name in {alert.runbook for alert in read_alerts().values()}, "no alert names it"
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert len(text.splitlines()) <= 60, "one page"


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_a_runbook_names_commands_and_metrics_that_there_are(page: Path) -> None:
    text = page.read_text()
    for command in re.findall(r"manage\.py ([a-z_]+)", text):
        assert command in get_commands(), f"there is no command {command}"
    from tests.deploy.test_metrics_of_alerts import shown_metrics

    for metric in re.findall(r"`(fintech_[a-z_]+)", text):
        assert metric.removesuffix("_count") in shown_metrics(), f"there is no metric {metric}"


# What is refused


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ('signal = "cpu"', 'signal = "moon"', "services.web.scaling.signal: is 'moon'; write one of"),
        ("port = 8000", "port = 80", "services.web.port: is 80; write a whole number from 1024"),
        ("stop_seconds = 10", "stop_second = 10", "services.web.stop_seconds: is missing (misspelt as 'stop_second'?)"),
        ('databases = ["crm", "trading"]', 'databases = ["crm", "sales"]', "names 'sales', which nobody declares"),
        ('"audit/signing-key", "journal', '"audit/singing-key", "journal', "names 'audit/singing-key', which nobody"),
        ('[secrets."database/crm_app"]', '[secrets."database/crm_ap"]', "its role 'crm_app' has no secret"),
        ('databases = ["trading"]', 'databases = ["trading", "crm"]', "names crm, but no secret opens it"),
        ("databases = []", 'databases = ["audit"]', "services.beat.databases: names audit, but no secret opens it"),
        (
            'secrets = ["valkey/password", "django/secret-key"]',
            'secrets = ["database/crm_app"]',
            "services.beat.secrets: opens crm as crm_app; name that database, or drop the secret",
        ),
        (
            'secrets = ["database/crm_app", "database/trading_app"',
            'secrets = ["database/crm_owner", "database/trading_app"',
            "services.ws.secrets: opens crm as its owner; only tasks may own",
        ),
        ("relay --cell {cell}", "relay --cell {cel}", "services.relay.command: has a placeholder {cel}"),
        ("relay --cell {cell}", "relay", "services.relay.command: works for no cell and answers no path"),
        ("python manage.py relay", "sh -c relay", "begins with 'sh'; begin it with \"python\""),
        ('paths = ["/feed/*"]', 'paths = ["feed/*"]', "services.ws.paths: holds 'feed/*'; begin a path with /"),
        ("maximum = 2\n", "maximum = 3\n", "services.relay.scaling.maximum: is 3, but nothing scales it; write 2"),
        ('reads = ["documents"]', 'reads = ["letters"]', "services.web.reads: names 'letters', which nobody"),
        ('writes = ["documents"]', 'writes = ["letters"]', "services.api.writes: names 'letters', which nobody"),
        ("outside = true", 'outside = "yes"', "services.api.outside: is 'yes'"),
        ('schedule = "quarterly"', 'schedule = "yearly"', "tasks.drill.schedule: is 'yearly'; write one of"),
    ],
)
def test_services_that_cannot_be_are_refused(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    file = planted(SERVICES, tmp_path, right, wrong)
    with pytest.raises(DefinitionError, match=re.escape(complaint)) as refused:
        read_services(file)
    assert str(refused.value).startswith("services.toml: ")


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ('"pool-full.md"', '"pool-ful.md"', "pool-full.runbook: is 'pool-ful.md', which isn't there"),
        ('condition = "slower"', 'condition = "slow"', "webhook-slow.condition: is 'slow'; write one of"),
        ('by = ["cell", "psp"]', 'by = ["psp"]', "alerts.webhook-slow.by: is ['psp']; begin it with \"cell\""),
        ("threshold = 0.8", 'threshold = "80 %"', "alerts.pool-full.threshold: is '80 %'; write a number"),
        ('condition = "failing"', 'condition = "failing"\nof = "x"', "alerts.endpoint-errors.of: means nothing"),
        ('severity = "ticket"', 'severity = "mail"', 'severity: is \'mail\'; write one of "page", "ticket"'),
    ],
)
def test_alerts_that_cannot_be_are_refused(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    with pytest.raises(DefinitionError, match=re.escape(complaint)) as refused:
        read_alerts(planted(ALERTS, tmp_path, right, wrong))
    assert str(refused.value).startswith("alerts.toml: ")


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ('region = "ap-southeast-2"', 'region = "eu-west-1"', "cells.au.region: is 'eu-west-1', but au.toml keeps"),
        ('backup_region = "ap-southeast-4"', 'backup_region = "us-east-1"', "cells.au.backup_region: is 'us-east-1'"),
        ('hosts = ["au.example.com"]', 'hosts = ["eu.example.com"]', "cells.au.hosts: holds 'eu.example.com'"),
        ('size = "medium"', 'size = "huge"', "cells.au.size: is 'huge'; write one of"),
        ('size = "medium"', 'size = "large"', "sizes.medium: is no cell's size"),
        ('"ap-southeast-2a", "ap-southeast-2b", "ap-southeast-2c"', '"ap-southeast-2a"', "cells.au.zones: is one zone"),
        ('"ap-southeast-2b"', '"eu-central-1b"', "cells.au.zones: holds 'eu-central-1b'; write zones of"),
        ("[cells.au]", "[cells.mars]", "cells.mars.jurisdiction: is 'mars'; write one that has a file"),
        ("beat = {", "bate = {", "sizes.large.services.beat: is missing"),
        ('front = "cloudflare"', 'front = "none"', "cells.eu.aws.front: is 'none'; write one of"),
        ('zone = "example.com"', 'zone = "example.org"', "cells.eu.aws.zone: is 'example.org', which doesn't hold"),
        ('"Z0123456789EXAMPLE"', '"example.com"', "cells.eu.aws.hosted_zone: is 'example.com'; write the id"),
        ('"eu-west-1a", "eu-west-1b", "eu-west-1c"', '"eu-west-1a"', "cells.eu.aws.standby_zones: is one zone"),
        ('"eu-west-1b"', '"us-east-1b"', "cells.eu.aws.standby_zones: holds 'us-east-1b'; write zones of eu-west-1"),
        ("monthly_budget = 20000", "monthly_budget = 0", "cells.eu.aws.monthly_budget: is 0"),
        ("[cells.eu.aws]", "[cells.eu.azure]", "cells.eu.aws: is missing"),
        ("memory = 4096", "memory = 4095", "cells.eu.size: is 'large', whose api has 2048 and 4095 MiB; write a pair"),
        ('name = "production"', 'name = "staging"', "name: is 'staging'; write the file's own name"),
    ],
)
def test_environments_that_cannot_be_are_refused(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    file = planted(ENVIRONMENTS / "production.toml", tmp_path, right, wrong)
    with pytest.raises(DefinitionError, match=re.escape(complaint)) as refused:
        read_environment(file, read_services())
    assert str(refused.value).startswith("production.toml: ")


def test_two_cells_of_one_account_and_region_are_refused(tmp_path: Path) -> None:
    text = (ENVIRONMENTS / "production.toml").read_text()
    start, end = text.index("[cells.eu]"), text.index("[cells.au]")
    second = text[start:end].replace("[cells.eu", "[cells.sc")
    second = second.replace('cloud = "aws"', 'cloud = "aws"\njurisdiction = "sc"').replace(
        "eu.example.com", "sc.example.com"
    )
    file = tmp_path / "production.toml"
    file.write_text(text[:end] + second + text[end:])
    with pytest.raises(
        DefinitionError, match=r"cells\.sc\.account: is '111111111111', in whose eu-central-1 the cell eu"
    ):
        read_environment(file, read_services())


def test_the_problems_of_all_environments_are_told_at_once(tmp_path: Path) -> None:
    for name in ("staging", "production"):
        planted(ENVIRONMENTS / f"{name}.toml", tmp_path, "[cells.au]", "[cells.mars]")
    with pytest.raises(DefinitionError) as refused:
        read_environments(tmp_path)
    assert len(refused.value.problems) == 2


def test_what_is_no_toml_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"services.toml: can't be read"):
        read_services(planted(SERVICES, tmp_path, "[services.web]", "[services.web"))


def planted(file: Path, folder: Path, right: str, wrong: str) -> Path:
    """A copy of the file with a fault in it; runbooks stand where they stand."""
    copy = folder / file.name
    shutil.copy(file, copy)
    text = copy.read_text()
    assert right in text
    copy.write_text(text.replace(right, wrong, 1))
    return copy
