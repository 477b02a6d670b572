# `make demo` and `make test` do all of their own set-up; the rest is for those who work on it.

.PHONY: demo test build deb format lint lab-up lab-down clean

demo: ## a failover of the two-node lab, narrated (needs root)
	@dev/setup
	@Lab/demo

test: ## every test; those that need root are run as root only
	@dev/setup
	@dev/test

build:
	swift build

deb: ## a Debian package with the runtime linked in, for hosts without Swift
	@Packaging/deb

format: ## rewrite every Swift file as swift-format wants it
	swift format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks Lab Examples

lint: ## the checks of CI that take seconds
	@dev/check-shell
	@dev/check-checks
	@dev/check-format
	@dev/check-imports
	@dev/check-tidy
	@dev/conformance-table --check
	@dev/check-guards --check

lab-up: ## the two-node lab, to play with: then `Lab/lab shell lb1`
	@Lab/lab up
	@Lab/lab status

lab-down:
	@Lab/lab down

clean:
	rm -rf .build Examples/Embedding/.build
