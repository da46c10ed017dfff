# Every target is one or two commands, so that it can be run by hand without make as well.
.PHONY: demo test lint bench serve

demo:
	examples/demo/run

# Compiling comes first, so that the services run only as long as the tests need them.
test:
	cargo test --workspace --all-features --no-run --quiet
	tests/environment/run cargo test --workspace --all-features
	tests/environment/run dokploy-py/tests/run
	tests/environment/run dokploy-node/tests/run

lint:
	.ci/lint

bench:
	tests/environment/run cargo bench --package dokploy-benches

serve:
	cargo run --package dokploy-http -- serve
