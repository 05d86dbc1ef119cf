# `make demo` and `make test` set up all they need in .venv: Python 3.11+ and access to package registries are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONUNBUFFERED = 1
# What was compiled is kept, whatever the environment says: tests start Python some hundred times.
export PYTHONDONTWRITEBYTECODE =

.PHONY: command demo demo-migrate test test-slow test-kubernetes test-compose test-sdks chaos chaos-versions soak chaos-migrate bench-migrate chaos-hop bench-hop bench-convert bench-ingress bench-door bench-flood bench-deliver bench-way bench-relay bench-media bench-quotas bench-isolation fuzz-media fuzz-meaning boards lint pages released lock clean bench-identities bench-migrate-check bench-restore bench-volume flame test-wheel test-pythons bench-record mutate coverage chaos-alerts

command: $(VENV)/installed  ## im-relay, in .venv/bin
	@echo 'im-relay is in $(CURDIR)/$(BIN). So that this terminal finds it: export PATH="$$PWD/$(BIN):$$PATH"'

$(VENV)/installed: requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]}. Name another: make PYTHON=python3.12 …" or 0)'
	@echo 'Once: packages are fetched into $(CURDIR)/$(VENV); a minute, or more on a slow network. 首次运行：正在下载软件包，约一分钟，网络慢时更久。'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)-peers/installed: requirements/peers.lock
	$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/peers.lock
	@touch $@

demo: $(VENV)/installed  ## the whole relay on this machine, people talking on both sides; ONCE=1: a checked run; PLATFORM=rongcloud, own
	@ONCE=$(ONCE) PLATFORM=$(PLATFORM) $(BIN)/python -m tests.demo

demo-migrate: $(VENV)/installed  ## a shop's CSV to a report for signature, on a simulated app; SHORT=1: a small shop; LANG_OF=en: in English
	@SHORT=$(SHORT) LANG_OF=$(LANG_OF) $(BIN)/python -m tests.demo.migrate

# Three processes, each with a Kafka of its own: much of a test's time is waiting. A file stays in one of them.
test: $(VENV)/installed  ## the tests, on a real Kafka; ARGS="-k name" for some of them, WORKERS=0 for one process
	@$(BIN)/python -m pytest -n $(or $(WORKERS),3) --dist loadfile --no-loadscope-reorder $(ARGS)

test-slow: $(VENV)/installed  ## those that tell little more than others, and take minutes
	@$(BIN)/python -m pytest -m slow $(ARGS)

test-wheel: $(VENV)/installed  ## build the wheel into dist, install it into an empty environment, run it
	@$(BIN)/python -m tests.wheel --keep dist

test-pythons: $(VENV)/installed  ## the pure tests on Python 3.11 to 3.14; needs uv; ARGS="--version 3.13"
	@$(BIN)/python -m tests.pythons $(ARGS)

bench-record: $(VENV)/installed  ## run a benchmark, append its result to benchmarks.jsonl, hold it against the last one; BENCH=convert
	@$(BIN)/python -m tests.benchmarks.record $(BENCH) $(ARGS)

mutate: $(VENV)/installed  ## small defects put into a module, one at a time: which do its tests not see? ARGS="converters/core/event_id.py"
	@$(BIN)/python -m tests.mutation $(ARGS)

coverage: $(VENV)/installed  ## the tests, and how much of converters and streams they run; exit code 1 under the floor; ARGS="--minutes 4" for a part, ARGS="tests/deliver" for some
	@$(BIN)/python -m tests.covered $(ARGS)

test-kubernetes: $(VENV)/installed  ## the chart on a whole control plane, built from its Go modules the first time (ten minutes), its job and roles run for real; needs Go, helm and root
	@$(BIN)/python -m pytest -n 0 -m kubernetes tests/kubernetes $(ARGS)

test-compose: $(VENV)/installed  ## docker-compose.yml, whole, on a Docker engine of its own: docs/compose.md; as root; needs docker.io, debootstrap, Go; the first time half an hour
	@$(BIN)/python -m tests.compose $(ARGS)

test-sdks: $(VENV)/installed  ## the vendors' server SDKs as clients of the simulators: docs/sdks.md; needs Node, a JDK and Maven; YUNXIN_SDK=DIRECTORY: a checkout of Yunxin's
	@$(BIN)/python -m tests.sdks $(if $(YUNXIN_SDK),--yunxin $(YUNXIN_SDK)) $(ARGS)

lint: $(VENV)/installed  ## ruff and its format, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports

released: $(VENV)/installed  ## freeze the forms of the records in tests/released/next; V=0.2.0 freezes that release
	$(BIN)/python -m tests.released $(V)
pages: $(VENV)/installed  ## print the generated pages of docs/ anew
	$(BIN)/python -m streams.pages
	$(BIN)/python -m deploy.dashboards
	$(BIN)/python -m tests.sdks --print
	$(BIN)/python -m tests.simulators.sources
	$(BIN)/python -m tests.figures
	$(BIN)/python -m tests.chaos.alerts --print

chaos: $(VENV)/installed  ## hurt the whole relay in every way we know of, and account for every message; ARGS="--short", ARGS="--list"
	@$(BIN)/python -m tests.chaos $(ARGS)

chaos-versions: $(VENV)/installed  ## the short chaos on every Kafka that the relay is for, with each level of transactions; ARGS="--kafka 3.7.2"
	@$(BIN)/python -m tests.chaos.versions $(ARGS)

chaos-alerts: $(VENV)/installed  ## real faults, a real Prometheus, the alerts as they ship: each fires, and clears; an hour; ARGS="--only forged twice"
	@$(BIN)/python -m tests.chaos.alerts $(ARGS)

soak: $(VENV)/installed  ## chaos for HOURS (8), each round with another seed
	@$(BIN)/python -m tests.chaos --hours $(or $(HOURS),8) $(ARGS)

chaos-migrate: $(VENV)/installed  ## a migration of 100,000 users, 10,000 groups, 1,000,000 messages beside live traffic, 20 kills; ARGS="--messages 20000"
	@$(BIN)/python -m tests.migrate.chaos $(ARGS)

chaos-hop: $(VENV)/installed  ## kill, freeze and move workers of a hop under load; lost, duplicate, out of order: 0, 0, 0
	@$(BIN)/python -m tests.chaos.hop $(ARGS)

bench-hop: $(VENV)/installed $(VENV)-peers/installed  ## our hop beside Kafka Streams, Quix Streams and stock Faust
	@QUIX_PYTHON=$(VENV)-peers/bin/python $(BIN)/python -m tests.benchmarks.hop $(ARGS)

bench-convert: $(VENV)/installed  ## decode, route and encode, by kind and pair of platforms; exit code 1 over 25 us a text, 60 us the rest
	@$(BIN)/python -m tests.benchmarks.convert $(ARGS)

bench-identities: $(VENV)/installed  ## the table of identities of a million users on disk: memory, starts, look-ups
	@$(BIN)/python -m tests.benchmarks.identities $(ARGS)

bench-migrate-check: $(VENV)/installed  ## an export of a million messages through `migrate check`: messages a second, memory
	@$(BIN)/python -m tests.benchmarks.migrate_check $(ARGS)

bench-ingress: $(VENV)/installed  ## our ingress beside FastAPI + aiokafka
	@$(BIN)/python -m tests.benchmarks.ingress $(ARGS)

bench-door: $(VENV)/installed  ## 10,000 hostile connections of each sort: memory, and latency of the honest, beside uvicorn's defaults
	@$(BIN)/python -m tests.benchmarks.door $(ARGS)

bench-flood: $(VENV)/installed  ## honest latency beside a flood in one conversation, and of one person, over that without, in the same run
	@$(BIN)/python -m tests.benchmarks.flood $(ARGS)

bench-deliver: $(VENV)/installed  ## delivery to a target that answers in 5 ms, beside httpx's own transport
	@$(BIN)/python -m tests.benchmarks.deliver $(ARGS)

bench-way: $(VENV)/installed  ## modules and calls of one record on its way through deliver, from its topic to the request; ARGS="--calls"
	@$(BIN)/python -m tests.benchmarks.way $(ARGS)

bench-migrate: $(VENV)/installed  ## messages of a history applied, of one worker's CPU; exit code 1 under 5,000 a second and core
	@$(BIN)/python -m tests.benchmarks.migrate $(ARGS)

bench-relay: $(VENV)/installed  ## the whole relay: CPU by process at 1,000 messages a second, the highest rate, latency at half of it; ARGS="--against REF"
	@$(BIN)/python -m tests.benchmarks.relay $(ARGS)

bench-volume: $(VENV)/installed  ## what a message takes in Kafka by topic, and each process in memory and of a core: the figures of `im-relay size`
	@$(BIN)/python -m tests.benchmarks.volume $(ARGS)

bench-restore: $(VENV)/installed  ## a worker with an empty disk and a ledger of 20 million entries
	@$(BIN)/python -m tests.benchmarks.restore $(ARGS)

flame: $(VENV)/installed  ## where a role spends its time: docs/flame-deliver.svg; ARGS="--role convert"
	@$(BIN)/python -m tests.benchmarks.flame $(ARGS)

bench-media: $(VENV)/installed  ## voice transcoded, beside the ffmpeg program; and a whole media job
	@$(BIN)/python -m tests.benchmarks.media $(ARGS)

bench-quotas: $(VENV)/installed  ## three times a quota offered for 5 minutes, beside the same without the relay's quotas
	@$(BIN)/python -m tests.benchmarks.quotas $(ARGS)

bench-isolation: $(VENV)/installed  ## the apps beside one whose target hangs or fails
	@$(BIN)/python -m tests.benchmarks.isolation $(ARGS)

fuzz-media: $(VENV)/installed  ## 5,000 bad files of every form through the processes that read files
	@$(BIN)/python -m tests.media.fuzz $(ARGS)

fuzz-meaning: $(VENV)/installed  ## generated callbacks, changed in every field, for SECONDS (3600): nothing that a person wrote is lost uncounted
	@$(BIN)/python -m tests.fuzz.meaning --seconds $(or $(SECONDS),3600) $(ARGS)

boards: $(VENV)/installed  ## pictures of the Grafana boards for docs/boards.md, healthy and in three outages; ARGS="--scene worker-killed", ARGS=--draw
	@$(BIN)/python -m tests.boards $(ARGS)

lock:  ## pin anew; needs uv
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate pyproject.toml -o requirements/runtime.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --extra msk pyproject.toml -o requirements/msk.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --extra postgresql pyproject.toml -o requirements/postgresql.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --extra tracing pyproject.toml -o requirements/tracing.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --extra local --extra dev pyproject.toml -o requirements/dev.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --python-version 3.11 requirements/peers.in -o requirements/peers.lock

clean:
	rm -rf $(VENV) $(VENV)-peers $(VENV)-3.* .coverage .mutation .im-relay build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
