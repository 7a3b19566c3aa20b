"""The containers: restarts, rights, and workers of Dask with the same settings as iot-app."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_workers_have_the_settings_of_the_app_and_know_the_scheduler() -> None:
    app, worker, scheduler = SERVICES["iot-app"], SERVICES["dask-worker"], SERVICES["dask-scheduler"]
    assert worker["profiles"] == scheduler["profiles"] == ["dask"]
    assert worker["build"] == scheduler["build"] == app["build"]
    only_for_the_command = {"IOTCTL_NOTIFY_URL", "IOTCTL_SCHEDULER"}
    assert worker["environment"] == {
        name: value for name, value in app["environment"].items() if name not in only_for_the_command
    }
    assert {"IOTCTL_DATABASE_URL", "PGPASSWORD", "IOTCTL_S3_SECRET_KEY"} <= set(worker["environment"])
    assert "environment" not in scheduler  # which has no use for secrets
    port = scheduler["command"][scheduler["command"].index("--port") + 1]
    assert worker["entrypoint"][-1] == f"tcp://dask-scheduler:{port}"
    assert "ports" not in scheduler
    # One that is scaled can have no name of its own, nor a port of the machine.
    assert not {"container_name", "ports"} & set(worker)
    assert "[dask," in (ROOT / "Dockerfile").read_text()


def test_what_stays_comes_back_and_what_ends_does_not() -> None:
    ending = {"bucket", "upload", "grafana-reader"}
    assert set(SERVICES) > ending
    for name, service in SERVICES.items():
        assert service["restart"] == ("no" if name in ending else "unless-stopped"), name
        for port in service.get("ports", []):
            # On this machine alone, and somewhere else where its usual port is taken.
            assert re.fullmatch(r"127\.0\.0\.1:\$\{\w+_PORT:-(\d+)\}:\1", port), port
    checked = {"timescaledb", "minio", "iot-app", "grafana"}
    assert {name for name, service in SERVICES.items() if "healthcheck" in service} == checked


def test_the_app_reads_the_bucket_with_keys_that_can_do_nothing_else() -> None:
    assert not re.search("OWNER|ROOT", json.dumps(SERVICES["iot-app"]) + json.dumps(SERVICES["dask-worker"]))
    policy = json.loads((ROOT / "docs" / "deploy" / "minio" / "reader.json").read_text())
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert allowed == {"s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject"}
    assert {resource.removesuffix("/*") for statement in policy["Statement"] for resource in statement["Resource"]} == {
        "arn:aws:s3:::code-challenge-data"
    }


def test_every_setting_of_compose_is_in_the_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    named = set(re.findall(r"^#? ?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert set(re.findall(r"\$\{(\w+)", text)) <= named


def test_scripts_are_such_as_a_shell_reads() -> None:
    for service in SERVICES.values():
        if service.get("entrypoint", [None])[0] == "/bin/sh":
            (script,) = service["command"]
            subprocess.run(["sh", "-n"], input=script.replace("$$", "$"), text=True, check=True)
    (_, check) = SERVICES["iot-app"]["healthcheck"]["test"]
    for code, healthy in ((0, True), (4, True), (5, False), (6, False), (7, False)):
        script = check.replace("$$", "$").replace("iotctl doctor", f"(exit {code})")
        assert (subprocess.run(["sh", "-c", script], check=False).returncode == 0) == healthy
