# One door: what there is to run. Needs Python 3.11 or newer, git and make; everything else is set up below .venv.

PYTHON ?= python3
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
# Production settings for checks: addresses that lead nowhere, and secrets that guard nothing.
PRODUCTION := env -u FINTECH_SERVICE DJANGO_SETTINGS_MODULE=fintech.project.settings.production FINTECH_CELLS=eu \
	FINTECH_REGION=eu-central-1 FINTECH_PRIMARY_HOST=primary.invalid FINTECH_VALKEY_HOST=valkey.invalid \
	FINTECH_SMTP_HOST=smtp.invalid FINTECH_CERTIFICATE_AUTHORITY=/dev/null FINTECH_DOCUMENTS=s3://documents \
	FINTECH_ANCHORS=s3://anchors FINTECH_SECRETS_PATH=.local/check-secrets.json

# Without compiled modules each of the many processes here would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-faults test-under-load test-bad-input test-pages check types migrations scan format schema lock bench profile drill synth image publish-image release pipeline clean

help: ## what there is to run
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: .venv/installed

# The installer comes by pip, with its hash; the rest by the installer, with theirs; by pip where it doesn't run.
.venv/installed: requirements.txt requirements-installer.txt
	@echo "Setting up .venv (Python packages with hashes) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-installer.txt
	@$(BIN)/uv pip sync -q --system-certs --require-hashes --python $(BIN)/python requirements.txt requirements-installer.txt \
		|| $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

demo: setup ## sets everything up, plays the main job in both jurisdictions, stays up until Ctrl-C (ARGS=--once: ends after it)
	@exec $(MANAGE) demo $(ARGS)

test: setup ## the unit and integration tests (ARGS: for pytest)
	@exec $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile \
		-m "not fault and not load and not exhaustive and not browser and not synth and not image and not pipeline" $(ARGS)

test-faults: setup ## the journey with its spy, and the fact log while its relay and its primary are killed
	@exec $(BIN)/python -m pytest -q -m fault $(ARGS)

test-under-load: setup ## every service and engine of the running product broken under load; nothing acknowledged is lost
	@exec $(BIN)/python -m pytest -q -m load tests/faults/under_load $(ARGS)

test-bad-input: setup ## everything wrong that can be sent, to every door, as everybody, in both cells
	@exec $(BIN)/python -m pytest -q -n auto --maxprocesses 4 -m exhaustive tests/bad_input $(ARGS)

test-pages: setup ## every page of the back office in a real browser, as each role in each cell; pictures go to .local/pages
	@exec $(BIN)/python -m pytest -q -m browser tests/pages $(ARGS)

check: setup ## lint, types, import contracts, conventions, migrations, API schema, deploy settings, scans
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m tests.conventions
	$(MANAGE) makemigrations --check --dry-run
	$(BIN)/python -m tests.migration_lint
	$(BIN)/python -m tests.schema_drift
	$(BIN)/python -m tests.fact_catalogue
	$(BIN)/python -m tests.size_ratchet
	$(BIN)/python -m tests.check_secrets .local/check-secrets.json
	$(PRODUCTION) $(MANAGE) check --deploy --fail-level WARNING
	$(BIN)/mypy
	$(BIN)/python -m tests.scans

types: setup
	$(BIN)/mypy

migrations: setup
	$(MANAGE) makemigrations --check --dry-run
	$(BIN)/python -m tests.migration_lint

scan: setup ## what the pipeline's security jobs ask (ARGS: secrets, code, python, node; all unless named)
	$(BIN)/python -m tests.scans $(or $(ARGS),secrets code python node)

format: setup ## rewrite the code in the house's format
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format -q .

schema: setup ## write docs/openapi.json and docs/facts.md anew
	$(BIN)/python -m tests.schema_drift --write
	$(BIN)/python -m tests.fact_catalogue --write

lock: setup ## resolve requirements.txt anew, with hashes
	$(BIN)/uv pip compile -q --system-certs --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
		--group local --group development pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --system-certs --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
		--constraints requirements.txt pyproject.toml -o requirements-production.txt
	$(BIN)/uv pip compile -q --system-certs --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
		--constraints requirements.txt bench/requirements.in -o bench/requirements.txt
	$(BIN)/uv pip compile -q --system-certs --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
		deploy/aws/requirements.in -o deploy/aws/requirements.txt
	$(BIN)/uv pip compile -q --system-certs --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
		deploy/image/requirements.in -o deploy/image/requirements.txt
	$(BIN)/uv pip compile -q --system-certs --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
		deploy/azure/requirements.in -o deploy/azure/requirements.txt
	$(BIN)/uv pip compile -q --system-certs --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
		deploy/gitlab/requirements.in -o deploy/gitlab/requirements.txt
	cd deploy/node && npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --no-audit --no-fund

bench: setup ## speed beside peers, as ratios of one run; see bench/README.md (ARGS=--quick: only to see that it works)
	@exec $(BIN)/python -m bench $(ARGS)

profile: setup ## where the time of a request goes, in the running product; see docs/performance.md
	@exec $(BIN)/python -m bench.where_time_goes

drill: ## disaster drills: come later
	@echo "make drill: there is no drill yet; they come with the disaster runbooks." >&2; exit 1

synth: setup ## what is rendered from the definition in deploy/, checked; every service started as it is defined
	$(BIN)/python -m deploy.monitoring.prometheus_rules --write
	$(BIN)/python -m deploy.monitoring.alertmanager --write
	$(BIN)/python -m deploy.monitoring.new_relic --write
	$(BIN)/python -m tests.deploy.promtool
	$(BIN)/python -m tests.deploy.amtool
	$(BIN)/python -m deploy.aws.policies.table --write
	$(BIN)/python -m deploy.aws.proof
	$(BIN)/python -m deploy.aws.picture --write
	$(BIN)/python -m deploy.azure.synthesis
	$(BIN)/python -m deploy.misconfiguration
	$(BIN)/python -m deploy.image.authorities
	$(BIN)/python -m deploy.cost.page --write
	@exec $(BIN)/python -m pytest -q -m synth tests/deploy $(ARGS)

image: setup ## the image, built without a daemon (as root; Debian's buildah and debootstrap), looked through, listed, the journey played against it
	$(BIN)/python -m deploy.image.build
	@exec $(BIN)/python -m pytest -q -m image tests/deploy $(ARGS)

publish-image: setup
	$(BIN)/python -m deploy.image.publish

release: setup ## one step of a deploy, in a cloud: ARGS="deploy staging"; see deploy/README.md
	$(BIN)/python -m deploy.release $(ARGS)

pipeline: setup ## .gitlab-ci.yml by GitLab's schema, its gates played through, jobs of it run here (ARGS: jobs; needs Node 20 or newer)
	$(BIN)/python -m pytest -q -m pipeline tests/deploy
	$(BIN)/python -m deploy.gitlab.local_runner $(or $(ARGS),type-check migrations secrets-scan static-analysis)

clean: ## stop the local stack and remove everything that was made here
	@if [ -x $(BIN)/python ]; then $(MANAGE) stack reset --yes || true; fi
	@rm -rf .venv .venv-bench .venv-aws .venv-azure .venv-scans .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
