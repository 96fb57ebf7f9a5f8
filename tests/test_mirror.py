"""tests/ mirrors runtime/ path for path, so that a module's tests are found without looking."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import LONGEST

TESTS = Path(__file__).parent
RUNTIME = TESTS.parent / "runtime"

WITHOUT_OWN_TESTS = {
    "bundle/base.py": "a contract; its one implementation is tested",
    "cli/__main__.py": "three lines; every end-to-end test starts it",
    "cli/failures.py": "exit codes by name; each is the end of some command's tests",
    "cli/settings_options.py": "two options",
    "cli/starting.py": "tests/end_to_end starts its services, test_configuring.py has what keeps them from it",
    "cli/check.py": "a line of hookd doctor; tests/cli/test_doctor.py has them",
    "cli/checks.py": "tests/cli/test_doctor.py has each of its lines",
    "cli/trust.py": "tests/cli/test_doctor.py has each of its lines, too",
    "cli/sending.py": "tests/cli/test_deploying.py and test_importing.py send hooks by it",
    "cli/local.py": "tests/cli/test_run.py and test_testing.py run hooks in it",
    "cli/services.py": "tests/end_to_end starts each of its services",
    "configuration.py": "tests/test_settings.py tells it by the settings that there are",
    "issuer_settings.py": "a part of settings.py; tests/test_settings.py has all",
    "issuer/documents.py": "tests/issuer/test_store.py has each kind of record",
    "issuer/redis_records.py": "tests/issuer/test_redis_store.py",
    "issuer/redis_tokens.py": "tests/issuer/test_store.py is for every backend",
    "issuer/sqlite_tokens.py": "likewise",
    "issuer/statements.py": "what the token server's tables share; tests/issuer/test_store.py has them",
    "diagnosis.py": "tests/cli/test_doctor.py shows what it finds",
    "guest/hatch_build.py": "tests/test_packaging.py builds with it",
    "node/conversation.py": "tests/node/test_engine.py has its limits, test_contract.py what it is told",
    "confine/kernel.py": "tests/node/test_jail.py and tests/confine/test_process.py try whatever it is to forbid",
    "guest/patches.py": "tests/guest/test_build.py applies them",
    "logs/base.py": "a contract; its one implementation is tested",
    "network/failing.py": "tests/network/test_client.py has servers that fail in each way",
    "policies.py": "tests/web/test_policy.py has a table of bodies and their messages",
    "sandbox/base.py": "a contract; tests/sandbox/test_pool.py tests its implementation",
    "sandbox/operations/base.py": "a contract; tests/sandbox/operations has its implementation",
    "web/operation.py": "what a row of openapi.py is",
    "web/webtask_schemas.py": "rows of openapi.py",
    "web/log_schemas.py": "rows of openapi.py",
    "web/schemas.py": "tables of openapi.py; tests/web/test_openapi.py holds real answers against them",
    "storage/answers.py": "a contract; tests/storage/test_redis_answers.py holds it",
    "storage/base.py": "a contract; tests/storage/test_contract.py holds it",
    "storage/execution_tables.py": "one half of tables.py; tests/storage/test_tables.py has both",
    "redis/client.py": "tests/redis/test_server.py speaks to each kind of Redis",
    "redis/opening.py": "tests/storage/test_redis_opening.py",
    "redis/wanted.py": "tests/storage/test_opening.py and tests/issuer/test_opening.py",
    "redis/faults.py": "tests/redis/test_server.py has what goes wrong",
    "storage/logout_tables.py": "tests/storage/test_logouts.py is for every backend",
    "storage/redis_logouts.py": "likewise",
    "storage/secret_tables.py": "tests/storage/test_resealing.py is for every backend",
    "storage/moving.py": "a contract; tests/test_migration.py holds it, with every backend",
    "storage/moving_tables.py": "tests/test_migration.py is for every backend",
    "storage/redis_moving.py": "likewise",
    "storage/rates.py": "a contract; tests/storage/test_redis_rates.py holds it",
    "moves.py": "tests/test_migration.py and tests/test_issuer_migration.py move by it",
    "issuer/sqlite_moving.py": "tests/issuer/test_moving.py is for every backend",
    "issuer/redis_moving.py": "likewise",
    "storage/redis_cache.py": "tests/storage/test_cache_tables.py is for every backend",
    "storage/redis_catalogue.py": "tests/storage/test_contract.py is for every backend",
    "storage/redis_hooks.py": "likewise",
    "storage/redis_proof.py": "tests/storage/test_resealing.py is for every backend",
    "storage/redis_images.py": "tests/storage/test_redis.py",
    "storage/redis_keys.py": "tests/storage/test_redis.py",
    "storage/redis_part.py": "three lines; each part is made of it",
    "storage/statements.py": "what both halves share",
}
"""Modules without a test file of their own, each with the reason. An entry that is not needed any more fails."""

WITHOUT_MODULE = {
    "bench": "measurements, run by make bench",
    "conformance": "tools that this project did not write, against whole runtimes",
    "end_to_end": "whole processes",
    "hooks": "the examples in hooks/",
    "packages": "npm's, in hooks",
    "soak": "half an hour of load, run by make soak",
    "test_accepting.py": "what all tests share",
    "test_admin_secrets.py": "one half of admin.py",
    "test_bench.py": "the benchmark's own parts",
    "test_clocks.py": "structure",
    "test_comparing.py": "structure",
    "test_event_decisions.py": "one half of claims.py",
    "test_docs.py": "structure",
    "test_generated.py": "structure",
    "test_layers.py": "structure",
    "test_leased_together.py": "one half of leased_rates.py",
    "test_mirror.py": "structure",
    "test_names.py": "one half of preparation.py",
    "test_packaging.py": "the wheel",
}
"""Tests of something else than one module of runtime/."""


def test_every_module_has_its_tests():
    """runtime/a/b.py has tests/a/test_b.py, or stands in the list with a reason."""
    modules = {file.relative_to(RUNTIME).as_posix() for file in RUNTIME.rglob("*.py") if file.name != "__init__.py"}
    missing = {module for module in modules if not (TESTS / module).with_name(f"test_{Path(module).name}").exists()}

    assert missing - WITHOUT_OWN_TESTS.keys() == set(), "write the test file, or name the reason in WITHOUT_OWN_TESTS"
    assert WITHOUT_OWN_TESTS.keys() - missing == set(), "these have tests by now: take them off the list"


def test_every_room_of_tests_is_a_room_of_the_runtime():
    """No test lies where nobody looks for it. A room may have test files beyond its modules' (test_contract.py)."""
    found = {file.relative_to(TESTS).parts for file in TESTS.rglob("test_*.py")}
    strays = {
        "/".join(parts)
        for parts in found
        if parts[0] not in WITHOUT_MODULE
        and not RUNTIME.joinpath(*parts[:-1], *([parts[-1].removeprefix("test_")] if len(parts) == 1 else [])).exists()
    }

    assert strays == set()


def test_files_that_begin_first_are_there():
    """Each once: what is renamed would begin last."""
    assert [name for name in LONGEST if not (TESTS / name).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)
