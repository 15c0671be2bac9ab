# Everything a clone needs: `make serve` and `make test` do all their set-up themselves.

VENV := .venv
BIN := $(VENV)/bin
SERVE_STAMP := $(VENV)/.installed-to-serve
STAMP := $(VENV)/.installed
LOWEST := .venv-lowest
LOWEST_STAMP := $(LOWEST)/.installed
LOCK := .venv-lock
BUILD := .venv-build
BUILD_STAMP := $(BUILD)/.installed
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))

# Python keeps compiled modules even where the environment says not to: otherwise each of the
# hundreds of processes that the tests start compiles Glimpse again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: serve test test-functional servers test-lowest clients test-clients test-tempest test-peers test-differential dist test-dist bench bench-peers plot check fuzz soak \
	replay sample-config lock lock-lowest clean

serve: $(SERVE_STAMP)
	$(BIN)/glimpse serve $(ARGS)

# Processes for each core: most of the time a test waits. Who is done first takes from the others.
PARALLEL = -n $(shell echo $$(($(1) * $$(nproc)))) --dist worksteal
# Tests of whole clouds: with database servers, faults, crashes and load.
FUNCTIONAL := $(addprefix tests/,acceptance clients fuzz gateway glance_database recipes testing)
# ARGS may name tests/FILE: then only the tests in this file run.
OF_ALL = $(if $(findstring tests/,$(ARGS)),,$(1))
test: $(STAMP) servers
	$(BIN)/pytest $(call PARALLEL,2) $(call OF_ALL,$(FUNCTIONAL:%=--ignore=%)) $(ARGS)

test-functional: $(STAMP) servers
	$(BIN)/pytest $(call PARALLEL,3) $(call OF_ALL,$(FUNCTIONAL)) $(ARGS)

# Servers that tests run as they are, and do without where they are missing.
SERVERS := redis-server memcached haproxy nginx-light etcd-server mariadb-server postgresql
servers:
	@PATH="$$PATH:/usr/sbin:$$(echo /usr/lib/postgresql/*/bin | tr ' ' :)"; \
	  (for program in redis-server memcached haproxy nginx etcd mariadbd initdb; do \
	  command -v $$program >/dev/null || exit 1; done) || { \
	  echo 'Installing $(SERVERS) from Debian ...' && apt-get update -q && \
	  apt-get install -q -y --no-install-recommends $(SERVERS); } || \
	  echo 'Some tests are skipped; on Debian, as root: apt-get install $(SERVERS)'

# The HTTP tests with the lowest versions of all libraries that pyproject.toml allows. Warnings are no
# errors there: old libraries use what newer ones, and newer Pythons, deprecate.
HTTP_TESTS := tests/server tests/http tests/compute tests/image_api tests/upstream tests/glance
test-lowest: $(LOWEST_STAMP)
	$(LOWEST)/bin/python -m tests.support.lowest_versions requirements/lowest.txt || \
	  { echo 'requirements/lowest.txt is not what pyproject.toml allows: make lock'; exit 1; }
	$(LOWEST)/bin/pytest $(call PARALLEL,2) -o filterwarnings=default $(HTTP_TESTS) $(ARGS)

# Unmodified clients against a running Glimpse; each has an environment of its own, or is Debian's.
clients: $(STAMP)
	$(BIN)/python -m tests.clients.install

test-clients: clients
	$(BIN)/pytest -n auto -m clients tests/clients $(ARGS)

# Tempest, OpenStack's own tests, against the embedded services. What has to pass is recorded:
# `python -m tests.clients.tempest peers --record` runs the same tests against a real Keystone and Glance.
test-tempest: $(STAMP)
	$(BIN)/python -m tests.clients.install tempest
	$(BIN)/pytest -n auto -m tempest tests/clients/tempest $(ARGS)

# The gateway in front of a real Keystone and a real Glance, in an environment of their own.
# A file's tests stay together, since each starts services of its own. What clients print in a real
# cloud is recorded: only `pytest -m peers tests/clients/transcripts tests/clients/test_ansible.py`
# runs them there again, in some three minutes.
test-peers: clients servers
	$(BIN)/python -m tests.peers.install
	$(BIN)/pytest -n auto --dist loadfile -m peers \
	  --ignore=tests/clients/transcripts --ignore=tests/clients/test_ansible.py $(ARGS)

# A source archive, and the wheel that is built of it. A commit has the same bytes wherever, and
# whenever, it is built: no times, owners and modes of this machine are in them.
dist: $(BUILD_STAMP)
	rm -rf dist build src/*.egg-info
	umask 022; export SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)}; \
	  $(BUILD)/bin/python -m build --no-isolation >/dev/null && \
	  cd dist && archive=$$(ls *.tar.gz) && name=$${archive%.tar.gz} && tar -xzf $$archive && \
	  tar -c --sort=name --format=ustar --mtime=@$$SOURCE_DATE_EPOCH --owner=0 --group=0 \
	    --numeric-owner --mode=u=rwX,go=rX $$name | gzip -n9 >$$archive && rm -r $$name
	@ls -1 dist/*

# Each of these, installed in an empty environment from the package index.
test-dist: $(STAMP) $(BUILD_STAMP)
	$(BIN)/pytest -n auto --dist loadfile -m dist tests/distribution $(ARGS)

# Some 4,600 requests to a real Keystone and Glance, and to the embedded services: the responses are
# alike, or docs/differences.md describes the difference. SEED=2 generates other requests;
# ARGS='--only tag,member' sends those of one kind (see tests/differential/run.py).
test-differential: $(STAMP)
	$(BIN)/python -m tests.differential.run $(ARGS)

# 100,000 random requests to all APIs, embedded and as a gateway; ends after 20 minutes at the latest.
# SEED=1 repeats a run; ARGS='--clouds embedded --requests 5000' does less of it (see tests/fuzz/run.py).
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz.run $(ARGS)

# Five minutes of mixed load on each kind of cloud: memory, threads and files must not grow.
# ARGS='--minutes 1 --clouds embedded' does less of it (see bench/soak.py).
soak: $(STAMP)
	$(BIN)/python -m bench.soak $(ARGS)

check: $(STAMP)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# What requests cost, as ratios in one run: beside nginx, and among 1,000,000 images (see bench/run.py);
# and how long resets of a cloud for tests take (see bench/resets.py).
bench: $(STAMP)
	@command -v nginx >/dev/null || test -x /usr/sbin/nginx || { apt-get update -q && apt-get install -q -y \
	  --no-install-recommends nginx-light; } || { echo 'nginx is needed; on Debian, as root: apt-get install nginx-light'; exit 1; }
	$(BIN)/python -m bench.resets
	$(BIN)/python -m bench.run

# What the gateway adds to a real Glance, as ratios in one run (see bench/peers.py).
bench-peers: $(STAMP) servers
	$(BIN)/python -m tests.peers.install
	$(BIN)/python -m bench.peers

# Replays recorded exchanges, fixture.json and a JSON file of each: make replay GOLDEN=DIRECTORY
replay: $(STAMP)
	@test -n "$(GOLDEN)" || { echo 'usage: make replay GOLDEN=DIRECTORY'; exit 2; }
	$(BIN)/pytest tests/golden/test_replay.py --golden "$(GOLDEN)"

# The picture in docs/performance.md, from bench/figures/lists.json.
plot: $(STAMP)
	$(BIN)/python -m bench.list_plot

sample-config: $(STAMP)
	$(BIN)/glimpse sample-config > etc/glimpse.conf.sample

# Resolve all locked versions anew, in an environment of their own. lowest.txt has the lowest
# versions that pyproject.toml allows. No index address or path of this machine is written.
COMPILE = $(LOCK)/bin/pip-compile -q --upgrade --generate-hashes --allow-unsafe --strip-extras \
	--no-header --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
lock:
	test -x $(LOCK)/bin/pip-compile || { $(PYTHON) -m venv $(LOCK) && $(LOCK)/bin/pip install -q pip-tools; }
	$(COMPILE) -o requirements/runtime.txt pyproject.toml
	$(COMPILE) -o requirements/development.txt requirements/development.in
	$(COMPILE) -o requirements/build.txt requirements/build.in
	$(COMPILE) --extra redis --extra memcached -o requirements/container.txt pyproject.toml requirements/container.in
	$(MAKE) lock-lowest

lock-lowest:
	$(PYTHON) -m tests.support.lowest_versions > $(LOCK)/lowest.in
	$(COMPILE) -o requirements/lowest.txt $(LOCK)/lowest.in requirements/test.in

clean:
	rm -rf $(VENV) $(LOWEST) $(LOCK) $(BUILD) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist

# What `make serve` needs, and no more.
$(SERVE_STAMP): requirements/runtime.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed, and none was found; set PYTHON=.'; exit 1; }
	@test -x $(BIN)/pip || { echo 'Making the environment $(VENV) ...'; $(PYTHON) -m venv $(VENV); } || { \
	  rm -rf $(VENV); \
	  echo 'Python cannot make a virtual environment; on Debian: apt-get install python3-venv'; exit 1; }
	@echo "Installing $$(grep -c == requirements/runtime.txt) libraries in $(VENV) ..."
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@echo 'Installing Glimpse in $(VENV) ...'
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# What all other commands need, in the same environment.
$(STAMP): $(SERVE_STAMP) requirements/development.txt
	@echo "Installing $$(grep -c == requirements/development.txt) libraries for tests in $(VENV) ..."
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes \
	  -r requirements/runtime.txt -r requirements/development.txt
	@touch $@

$(BUILD_STAMP): requirements/build.txt
	@test -x $(BUILD)/bin/pip || $(PYTHON) -m venv $(BUILD)
	@echo 'Installing what builds packages in $(BUILD) ...'
	@$(BUILD)/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt
	@touch $@

$(LOWEST_STAMP): requirements/lowest.txt pyproject.toml
	@test -x $(LOWEST)/bin/pip || $(PYTHON) -m venv $(LOWEST)
	@echo "Installing $$(grep -c == requirements/lowest.txt) libraries of the lowest versions in $(LOWEST) ..."
	@$(LOWEST)/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/lowest.txt
	@$(LOWEST)/bin/pip install -q --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
