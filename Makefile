# Everything starts here. `make help` lists the targets; each sets up what it needs in .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SET_UP := $(VENV)/.set-up
PEERS := .venv-peers
# Versions of Python besides that of .venv, in environments of their own; of them, those that are on this machine.
VERSIONS := 3.12 3.13
PYTHONS = $(foreach version,$(VERSIONS),$(if $(shell tests/interpreter.sh $(version) 2>/dev/null),.venv-$(version)/.set-up))
# A worker a core; each starts brokers of its own.
PARALLEL := --numprocesses=auto

# What a version of Python could break: bytes, numbers, saved states and the command line.
SMOKE := tests/contract tests/golden $(addprefix tests/unit/,cli core decoding detectors performance pipeline sources state)

.PHONY: help demo test smoke chaos check mutants bench bench-performance bench-short bench-join bench-quality format docs clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(SET_UP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade --constraint constraints.txt pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[demo,parquet]' --group dev
	@touch $@

demo: $(SET_UP)  ## the whole thing at work in about a minute: embedded broker, incidents, sidecar
	$(BIN)/stream-monitor demo $(ARGS)

test: $(SET_UP)  ## the tests; those that need Apache Kafka are skipped, with a reason, where it can't be had
	$(BIN)/pytest $(PARALLEL) $(ARGS)

.venv-%/.set-up: pyproject.toml constraints.txt tests/interpreter.sh
	python=$$(tests/interpreter.sh $*) && $$python -m venv .venv-$*
	.venv-$*/bin/pip install --quiet --upgrade --constraint constraints.txt pip
	.venv-$*/bin/pip install --quiet --constraint constraints.txt --editable '.[demo,parquet]' --group test
	@touch $@

# What numpy has for newer processors only: results must be the same without it.
NEWER = from numpy._core._multiarray_umath import __cpu_features__ as has; \
  print(*(name for name in ("X86_V4", "AVX512_ICL", "AVX512_SPR") if has.get(name)))

smoke: $(VERSIONS:%=.venv-%/.set-up)  ## a part of the tests on Python 3.12 and 3.13, as on an older processor
	set -e; for version in $(VERSIONS); do \
	  newer=$$(.venv-$$version/bin/python -c '$(NEWER)'); \
	  NPY_DISABLE_CPU_FEATURES="$$newer" .venv-$$version/bin/pytest $(PARALLEL) $(SMOKE) $(ARGS); done

chaos: $(SET_UP)  ## 500 kills on a real Kafka, and broker, replicas, disk and state in every kind of trouble
	STREAM_MONITOR_KILLS=500 STREAM_MONITOR_REQUIRE_KAFKA=1 $(BIN)/pytest --hypothesis-profile=chaos $(PARALLEL) \
	  tests/integration/test_kill.py tests/integration/test_chaos.py tests/integration/test_replicas.py \
	  tests/integration/test_damage.py tests/property/test_joiner.py tests/property/test_key_value_stores.py \
	  tests/property/test_checkpoint.py $(ARGS)

$(VENV)/.mutants: $(SET_UP)
	$(BIN)/pip install --quiet --constraint constraints.txt --group mutants
	@touch $@

mutants: $(VENV)/.mutants  ## the tests against 300 random mutants of the code; .mutants/report.txt has the survivors
	$(BIN)/python -m tests.mutants $(ARGS)

check: $(SET_UP)  ## formatting, lint, strict types, import layers, generated documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python docs/generate.py --check

bench: $(SET_UP) $(PYTHONS)  ## what the sidecar costs beside other programs, and at live rates; then bench-join
	$(BIN)/python bench/throughput.py $(PYTHONS:%/.set-up=--python %/bin/python) $(ARGS)
	$(BIN)/python bench/start_up.py
	$(BIN)/python bench/many_signals.py
	$(MAKE) bench-join ARGS='$(JOIN_ARGS)'

bench-performance: $(SET_UP) $(PYTHONS)  ## docs/performance.md and the README's line, from a new run
	$(BIN)/python bench/throughput.py $(PYTHONS:%/.set-up=--python %/bin/python) --json bench/performance.json $(ARGS)
	$(BIN)/python bench/document.py bench/performance.json

bench-short: $(SET_UP)  ## the sidecar's CPU time beside a plain loop's; fails when it is 30 % worse than bench/short.json
	$(BIN)/python bench/short.py $(ARGS)

bench-join: $(SET_UP)  ## labels that come late: ten million waiting predictions, restarts, checkpoints
	$(BIN)/python bench/waiting.py $(ARGS)

$(PEERS)/.set-up: $(SET_UP) $(wildcard bench/quality/peers/*.txt)
	$(BIN)/python bench/quality/install_peers.py --into $(PEERS)
	@touch $@

bench-quality: $(PEERS)/.set-up  ## false alarms and delays beside other detectors; peers get environments of their own
	$(BIN)/python bench/quality/run.py $(ARGS)

format: $(SET_UP)  ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(SET_UP)  ## write the generated documentation anew
	$(BIN)/python docs/generate.py

clean:  ## remove what the targets made
	rm -rf $(VENV) .venv-* .mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
