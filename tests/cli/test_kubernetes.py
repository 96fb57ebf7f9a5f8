"""The manifests that `hookd config --kubernetes` prints, against Kubernetes' own schemas; and hookd against what they say."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from runtime.cli.dangers import dangers
from runtime.master_keys import read_keys, write_master_key
from runtime.settings import parse
from runtime.surroundings import Surroundings
from runtime.workers.supervisor import Supervisor

STORAGES = ("sqlite", "redis")
VERSIONS = ("1.30", "1.37")
"""Of Kubernetes: the first that knows all that is in them, and the latest that there are schemas of."""


@pytest.fixture(params=STORAGES)
def objects(request, hookd) -> dict[str, Any]:
    """By kind."""
    done = hookd("config", "--kubernetes", request.param)
    assert done.returncode == 0
    return {document["kind"]: document for document in yaml.safe_load_all(done.stdout)}


def container(objects: dict[str, Any]) -> Any:
    (one,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    return one


def environ(objects: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["value"] for row in container(objects)["env"]}


def test_kubernetes_knows_every_field(objects):
    """Strictly: a field that does not exist is a fault."""
    for document in objects.values():
        for version in VERSIONS:
            kubernetes_validate.validate(document, version, strict=True)


def test_a_wrong_field_would_be_found(objects):
    """The schemas are there, and look."""
    container(objects)["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(objects["Deployment"], VERSIONS[-1], strict=True)


def test_a_pod_has_no_more_rights_than_it_needs(objects):
    """The Pod Security Standard `restricted`, files that can not be changed, no token of the cluster."""
    pod, own = objects["Deployment"]["spec"]["template"]["spec"], container(objects)["securityContext"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_names_and_labels_fit_each_other(objects):
    """Each volume is mounted and there; selectors find the pods; probes and the service ask a port that hookd listens at."""
    spec, one = objects["Deployment"]["spec"], container(objects)
    labels = spec["template"]["metadata"]["labels"]
    volumes = {volume["name"]: volume for volume in spec["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in one["volumeMounts"]} == volumes.keys()
    claims = {
        volume["persistentVolumeClaim"]["claimName"] for volume in volumes.values() if "persistentVolumeClaim" in volume
    }
    assert claims == {objects[kind]["metadata"]["name"] for kind in ("PersistentVolumeClaim",) if kind in objects}
    assert volumes["config"]["configMap"]["name"] == objects["ConfigMap"]["metadata"]["name"]
    assert spec["selector"]["matchLabels"] == objects["Service"]["spec"]["selector"] == labels
    (port,) = one["ports"]
    assert environ(objects)["HOOKD_SERVER_PORT"] == str(port["containerPort"])
    assert {one[f"{probe}Probe"]["httpGet"]["port"] for probe in ("startup", "readiness", "liveness")} == {port["name"]}
    assert {row["targetPort"] for row in objects["Service"]["spec"]["ports"]} == {port["name"]}


def test_files_are_where_hookd_may_write(objects):
    """Whatever path a setting names lies on a volume, for the rest can not be written to."""
    mounts = [mount["mountPath"] for mount in container(objects)["volumeMounts"]]
    paths = [
        value.removeprefix("sqlite:///") for value in environ(objects).values() if value.startswith(("/", "sqlite:"))
    ]
    assert len(paths) >= 3
    assert [path for path in paths if not path.startswith(tuple(mounts))] == []


def test_only_one_pod_has_a_sqlite_file(objects):
    """The next one starts when the last is gone. With a Redis there are several, and a node that is emptied takes one."""
    spec = objects["Deployment"]["spec"]
    if "PersistentVolumeClaim" in objects:
        assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    else:
        assert spec["replicas"] > 1
        assert objects["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1


def test_its_settings_let_hookd_start(objects, hookd, tmp_path):
    """The pod's own command, with its variables and its file of settings."""
    (tmp_path / "config.toml").write_text(objects["ConfigMap"]["data"]["config.toml"])
    program, *arguments = container(objects)["args"]
    arguments = [argument.replace("/etc/hookd", str(tmp_path)) for argument in arguments]
    given = environ(objects)
    for name in [name for name in given if name.endswith("_FILE")]:
        given[name] = str(tmp_path / name)
        write_master_key(tmp_path / name)  # a password may be anything
    done = hookd(*arguments, "--check", **given)

    assert (program, done.returncode, done.stderr) == ("hookd", 0, "")


def test_what_it_keeps_fits_into_its_memory(objects):
    """`hookd doctor` would find no fault there, and each worker has a quarter of a GiB for everything else."""
    settings = parse(tomllib.loads(objects["ConfigMap"]["data"]["config.toml"]), environ(objects))
    limit = container(objects)["resources"]["limits"]["memory"]
    assert limit.endswith("Gi")
    memory = (int(limit.removesuffix("Gi")) << 30) - (settings.server.workers << 28)
    here = Surroundings(
        cores=settings.server.workers, memory_bytes=memory, free_bytes=1 << 40, file_system="ext4", is_clock_right=True
    )

    assert {"memory", "workers"}.isdisjoint(check.name for check in dangers(settings, here))
    less = replace(here, memory_bytes=memory // 2)
    assert "memory" in {check.name for check in dangers(settings, less)}


def test_it_ends_before_kubernetes_ends_it(objects):
    """After what comes before the signal; and a worker that hangs is replaced before the pod is."""
    pod, one = objects["Deployment"]["spec"]["template"]["spec"], container(objects)
    most = {one.name: float(str(one.default)) for one in fields(Supervisor) if one.name.endswith("_seconds")}
    probe = one["livenessProbe"]
    assert one["lifecycle"]["preStop"]["sleep"]["seconds"] + most["end_seconds"] < pod["terminationGracePeriodSeconds"]
    assert probe["periodSeconds"] * (probe["failureThreshold"] - 1) > most["hang_seconds"]


@pytest.mark.parametrize("storage", STORAGES)
def test_another_master_key_takes_three_calls(storage, tmp_path, hookd):
    """As it stands at the manifest's head, at a SQLite file: each gives the key's file for the next step, and leaves nothing behind."""
    head = hookd("config", "--kubernetes", storage).stdout.partition("\n---\n")[0]
    lines = [line.removeprefix("#").strip() for line in head.splitlines() if line.startswith("#   ")]
    begin = next(number for number, line in enumerate(lines) if line.startswith("kubectl exec -i"))
    command = " ".join(lines[begin : begin + 3])
    (tmp_path / "config.toml").write_text(f"[storage]\nurl = 'sqlite:///{tmp_path}/hookd.db'\n")
    write_master_key(tmp_path / "master.key")
    (tmp_path / "shm").mkdir()
    environ = {"PATH": f"{sysconfig.get_path('scripts')}:/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])}
    for there, here in {
        "kubectl exec -i deployment/hookd -- ": "",
        "/etc/hookd": str(tmp_path),
        "/dev/shm": str(tmp_path / "shm"),
        " hookd keys": f" {sys.executable} -m runtime.cli keys",
    }.items():
        assert there in command
        command = command.replace(there, here)
    (old,), found = read_keys(tmp_path / "master.key").all, list[tuple[int, int]]()
    for _ in range(3):
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        keys = read_keys(tmp_path / "master.key")
        found.append((len(keys.sealing), len(keys.following)))

    assert found == [(1, 1), (2, 0), (1, 0)]
    assert old not in read_keys(tmp_path / "master.key").all
    assert not list((tmp_path / "shm").iterdir())
    assert not (tmp_path / "next.key").exists()


def test_one_thing_is_printed_at_a_time(hookd):
    """Not two, and no manifest that there is not."""
    assert hookd("config", "--systemd", "--kubernetes", "redis").returncode == 2
    assert hookd("config", "--kubernetes", "etcd").returncode == 2
