"""compose.yaml and the Containerfile, against what they name. Nothing here builds or starts a container."""

import datetime as dt
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import get_commands

from deploy.stack import nginx_path
from tests.deploy import reading
from tests.engines import ROOT

MADE_BY_THE_OPERATOR = {"./certificates", "./backups"}
READ_BESIDE_SETTINGS = {"mongodb-set": "deploy/mongodb_set.py", "backup": "deploy/backup/mongodb.py"}
SETTINGS = "evbunker/settings.py"
NOT_FOR_PRODUCTION = {
    "DEBUG", "ENV_FILE", "RAZORPAY_API_BASE", "SANDBOX_AUTO_WEBHOOK", "SANDBOX_KNOBS", "STRIPE_API_BASE",
}  # fmt: skip


def test_it_has_every_process_of_the_site():
    wanted = {"proxy", "web-1", "live-1", "live-2", "relay", "scheduler", "migrate", "mongodb", "mongodb-set", "redis"}
    assert wanted <= reading.services().keys()


@pytest.mark.parametrize("name", reading.site_services())
def test_every_command_exists(name):
    program, *arguments = reading.command(name)
    if program == "python":
        script, *rest = arguments
        if script == "-m":
            assert hasattr(importlib.import_module(rest[0]), "main")
        else:
            assert script in reading.copied()
            assert script != "manage.py" or rest[0] in get_commands()
    else:
        assert (Path(sys.prefix) / "bin" / program).exists()
        module, _, attribute = arguments[-1].partition(":")
        assert hasattr(importlib.import_module(module), attribute or "application")


def test_every_variable_is_one_that_is_read():
    known = reading.variables_read_by(SETTINGS, "evbunker/processes.py")
    for name, service in reading.site_services().items():
        also = reading.variables_read_by(READ_BESIDE_SETTINGS.get(name, SETTINGS))
        assert service["environment"].keys() <= known | also, name


def test_the_example_has_every_setting_of_production():
    elsewhere = reading.services()["web-1"]["environment"].keys() | NOT_FOR_PRODUCTION
    wanted = reading.variables_read_by(SETTINGS, "evbunker/processes.py")
    assert reading.example_variables().keys() | elsewhere == wanted


def test_whoever_is_waited_for_can_be():
    for name, service in reading.services().items():
        for other, wait in service.get("depends_on", {}).items():
            awaited = reading.services()[other]
            if wait["condition"] == "service_healthy":
                assert awaited["healthcheck"]["test"], f"{name} waits for {other}"
            else:
                assert wait["condition"] == "service_completed_successfully"
                assert awaited["restart"] == "no"


def test_all_but_the_one_shots_are_restarted_and_checked():
    for name, service in reading.services().items():
        one_shot = service["restart"] == "no"
        assert service["restart"] in {"no", "unless-stopped"}
        assert service["healthcheck"].get("disable", False) == one_shot, name


def test_only_the_proxy_is_reached_from_outside():
    assert [name for name, service in reading.services().items() if "ports" in service] == ["proxy"]
    assert reading.compose()["networks"]["inside"] == {"internal": True}
    for name in ("mongodb", "redis"):
        assert reading.services()[name]["networks"] == ["inside"]
    assert list(reading.services()["proxy"]["networks"]) == ["outside"]


def test_the_site_runs_with_no_rights():
    assert [name for name, service in reading.site_services().items() if "user" in service] == ["backup"]
    for service in reading.site_services().values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert ("USER", "10001:10001") in reading.instructions()


def test_the_image_serves_as_the_compose_file_lets_it():
    [command] = [json.loads(rest) for word, rest in reading.instructions() if word == "CMD"]
    assert command == reading.command("web-1") == reading.command("web-2")


def test_the_proxy_knows_the_addresses_of_the_others():
    def address(name: str) -> str:
        return reading.services()[name]["networks"]["outside"]["ipv4_address"]

    environment = reading.services()["proxy"]["environment"]
    assert reading.services()["web-1"]["environment"]["TRUSTED_PROXIES"] == address("proxy")
    assert re.findall(r"[\d.]+(?=:8000)", environment["WEB"]) == [address("web-1"), address("web-2")]
    assert [environment["LIVE_1"], environment["LIVE_2"]] == [f"{address(name)}:8000" for name in ("live-1", "live-2")]


def test_every_mounted_file_exists_and_every_secret_is_made(tmp_path):
    mounts = [volume for service in reading.services().values() for volume in service.get("volumes", ())]
    sources = {mount.split(":")[0] for mount in mounts} - MADE_BY_THE_OPERATOR - reading.compose()["volumes"].keys()
    assert [source for source in sources if not (reading.DEPLOY / source).is_file()] == []
    made = make_secrets(tmp_path)
    for name, secret in reading.compose()["secrets"].items():
        assert secret["file"] == f"secrets/{name}"
        assert (made / name).stat().st_size > 0
    for service in reading.services().values():
        assert set(service.get("secrets", ())) <= reading.compose()["secrets"].keys()


def test_secrets_are_new_every_time_closed_to_others_and_never_changed(tmp_path):
    folders = [make_secrets(tmp_path / name) for name in "ab"]
    one, other = (dict(re.findall(r"(?m)^(\w+)=(.*)$", (at / "evbunker.env").read_text())) for at in folders)
    assert {name for name in one if one[name] != other[name]} == {
        "SECRET_KEY",
        "DATABASE_URL",
        "REDIS_URL",
        "METRICS_TOKEN",
    }
    assert len(one["SECRET_KEY"]) >= 50
    assert "@" not in re.sub(r"@(mongodb|redis):", "", "".join(one.values()))
    assert folders[0].stat().st_mode & 0o077 == 0
    before = (folders[0] / "evbunker.env").read_text()
    with pytest.raises(subprocess.CalledProcessError):
        make_secrets(tmp_path / "a")
    assert (folders[0] / "evbunker.env").read_text() == before


def make_secrets(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    command = [reading.DEPLOY / "secrets.sh", "bunker.example.com", folder / "secrets"]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "secrets"


def test_everything_that_is_copied_exists_and_is_not_ignored():
    for source in reading.copied():
        assert (ROOT / source).exists(), source
        assert not reading.is_ignored(Path(source)), source


@pytest.mark.parametrize(
    "path",
    [".git/config", "var/evbunker.sqlite3", "deploy/secrets/evbunker.env", "deploy/.env", ".env", "tests/engines.py",
     "evbunker/__pycache__/settings.cpython-311.pyc", "deploy/certificates/privkey.pem"],
)  # fmt: skip
def test_what_the_image_must_not_hold_is_ignored(path):
    assert reading.is_ignored(Path(path))


def test_both_builders_ignore_the_same():
    assert (ROOT / ".dockerignore").resolve() == ROOT / ".containerignore"


def test_no_secret_stands_in_what_is_committed():
    for name in ("Containerfile", "compose.yaml", "env.example", "redis.conf"):
        text = (reading.DEPLOY / name).read_text()
        assert not re.search(r"(?i)(password|secret_key|token)\s*[=:]\s*(?!collecting\b|@)[\w-]{12,}", text), name


def test_nginx_takes_the_rules_with_these_values(nginx, tmp_path):
    make_certificate(tmp_path)
    environment = reading.services()["proxy"]["environment"] | {"SITE_HOST": "bunker.example.com"}
    rules = "".join((reading.DEPLOY / name).read_text() for name in ("nginx.conf.template", "nginx-http.conf.template"))
    for name, value in environment.items():
        rules = rules.replace(f"${{{name}}}", value)
    assert "${" not in rules
    rules = rules.replace("/etc/nginx/certificates", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; events {{}} http {{ {rules} }}")
    asked = subprocess.run([nginx, "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True)
    assert "syntax is ok" in asked.stderr, asked.stderr


@pytest.fixture
def nginx() -> str:
    """Nothing here goes without, where engines are required."""
    path = nginx_path()
    if path is None:
        say = pytest.fail if os.environ.get("EVBUNKER_REQUIRE_ENGINES") == "1" else pytest.skip
        say("nginx is not installed (Debian package nginx-light).")
    return str(path)


def make_certificate(folder: Path) -> None:
    """One that signs itself, named as compose.yaml names it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=bunker.example.com")
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    unlocked = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "privkey.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, unlocked))
