"""The composition root: the only place where the parts meet, and the command line.

``create_app()`` builds the environment and the web application; every command is one line of ``python app.py --help``.
"""
from __future__ import annotations

import gc
import importlib.util
import logging
import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click
from flask import Flask
from sqlalchemy.exc import DatabaseError

from engine import (
    audit,
    database,
    deployments,
    digests,
    documents,
    jobs,
    letters,
    migrations,
    notifications,
    replies,
    starts,
    steps,
    watch,
    work,
)
from engine.actions import Registry
from engine.calendar import calendars
from engine.crm import demo
from engine.crm.facts import facts
from engine.documents import actions as document_actions
from engine.documents.pdf import Office
from engine.environment import Environment, settings_of
from engine.errors import Refused, ReglamentError
from engine.mailbox import Imap
from engine.storage import Folder
from engine.web import create_web, i18n

ROOT = Path(__file__).resolve().parent
TICK = 1.0  # seconds between two looks for due jobs
MAIL_TICK = 60.0  # and for replies by mail
NIGHT = 0  # the hour, UTC, in which the database takes stock


@dataclass(frozen=True)
class Config:
    """Where things are. Read from the environment: DATABASE_URL, REGLAMENT_VAR, REGLAMENT_SMTP, REGLAMENT_SECRET, and
    for replies by mail REGLAMENT_IMAP, REGLAMENT_REPLY_TO, REGLAMENT_DMARC (docs/operator.md)."""

    var: Path
    database_url: str
    smtp: str | None
    imap: str | None = None
    reply_to: str = ""
    dmarc: str = ""
    root: Path = ROOT

    @classmethod
    def from_environ(cls) -> Config:
        """Defaults: everything under var/, SQLite, mails as files."""
        var = Path(os.environ.get("REGLAMENT_VAR", ROOT / "var")).resolve()
        url = os.environ.get("DATABASE_URL", f"sqlite:///{var / 'reglament.db'}")
        return cls(
            var=var, database_url=url, smtp=os.environ.get("REGLAMENT_SMTP"), imap=os.environ.get("REGLAMENT_IMAP"),
            reply_to=os.environ.get("REGLAMENT_REPLY_TO", ""), dmarc=os.environ.get("REGLAMENT_DMARC", ""),
        )  # fmt: skip


def create_environment(config: Config) -> Environment:
    """All parts of the engine, connected."""
    config.var.mkdir(parents=True, exist_ok=True)
    return Environment(
        sessions=database.sessions(database.connect(config.database_url)),
        calendars=calendars(config.root / "settings" / "calendars.yaml"),
        actions=_actions(config.root),
        settings=settings_of(config.root / "settings"),
        facts=facts,
        check_template=documents.check_template,
        files=Folder(config.var / "files"),
        pdf=Office(),
        mail=_transport(config),
        replies=_reply_address(config),
        translate=i18n.translate,
    )


def _transport(config: Config) -> letters.Transport:
    """A mail server where one is named; else mails become files, so that a trial writes to nobody."""
    if not config.smtp:
        return letters.MailFolder(config.var / "mails")
    at = urlsplit(config.smtp)
    return letters.Smtp(
        at.hostname or "localhost", at.port or 25, starttls=at.scheme == "smtps",
        user=unquote(at.username or ""), password=unquote(at.password or ""),
    )  # fmt: skip


def _postman(config: Config) -> replies.Postman | None:
    """Who reads the mailbox of replies, where one is named: ``imaps://user:password@host[:port][/FOLDER]``."""
    if not config.imap:
        return None
    at = urlsplit(config.imap)
    security = {"imaps": "tls", "imap+starttls": "starttls", "imap": "none"}.get(at.scheme)
    if security is None or not at.hostname:
        raise click.ClickException("REGLAMENT_IMAP begins with imaps://, imap+starttls:// or imap:// and names a host")
    if security == "none" and at.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise click.ClickException("imap:// sends the password in the clear: only on this machine. Use imaps://")
    mailbox = Imap(
        at.hostname, at.port or (993 if security == "tls" else 143), unquote(at.username or ""),
        unquote(at.password or ""), security, unquote(at.path.strip("/")) or "INBOX",
    )  # fmt: skip
    return replies.Postman(mailbox, config.dmarc)


def _reply_address(config: Config) -> str:
    """Where replies go: as named, else the mailbox's user if that is an address."""
    if not config.imap:
        return ""
    user = unquote(urlsplit(config.imap).username or "")
    return config.reply_to or (user if "@" in user else "")


def create_app(config: Config | None = None) -> Flask:
    """The web application with everything under it."""
    config = config or Config.from_environ()
    return create_web(create_environment(config), {"SECRET_KEY": _secret(config)})


def _actions(root: Path) -> Registry:
    registry = Registry()
    document_actions.register(registry)
    notifications.register(registry)
    starts.register(registry)
    for path in sorted((root / "processes").glob("*/actions.py")):
        _load(path).register(registry)
    return registry


def _load(path: Path) -> Any:
    """A procedure's own actions: files in processes/ are content, so they are loaded by place and not by package."""
    name = f"processes.{path.parent.name}.actions"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise click.ClickException(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _secret(config: Config) -> str:
    """The key that signs cookies: from the environment, else made once and kept in var/ for its owner alone."""
    if given := os.environ.get("REGLAMENT_SECRET"):
        return given
    path = config.var / "secret"
    if not path.exists():
        config.var.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text()


@click.group()
def cli() -> None:
    """Reglament: work is managed by the diagram."""


@cli.command()
def setup() -> None:
    """Create or upgrade the database, publish the procedures, load the demo company if there is nobody yet."""
    config = Config.from_environ()
    env = create_environment(config)
    click.echo("== database")
    migrations.upgrade(database.connect(config.database_url))
    click.echo("== demo company")
    accounts = work.run(env, work.SYSTEM, demo.load)
    if accounts:
        _keep_accounts(config, accounts)
    click.echo("== procedures")
    _publish(env, "setup")


def _keep_accounts(config: Config, accounts: Any) -> None:
    path = config.var / "demo-accounts.txt"
    lines = "\n".join(f"{a.login:<12} {a.password:<18} {a.name}, {a.position}" for a in accounts)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{lines}\n")


@cli.command("demo-year")
@click.option("--clients", default=200, show_default=True, help="How many clients come in the course of the year.")
@click.option("--days", default=365, show_default=True, help="How long the simulated stretch is; it ends today.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same year.")
def demo_year(clients: int, days: int, seed: int) -> None:
    """Fill an empty database with a year of the demo company, lived through its own procedures."""
    from simulation import command

    config = Config.from_environ()
    env = create_environment(config)
    migrations.upgrade(database.connect(config.database_url))
    env.sessions = database.sessions(database.connect(config.database_url, synchronous="OFF"))

    def say(line: str) -> None:
        click.echo(f"{line}; {time.process_time():.0f} s of processor time")

    lived = command.live(env, clients, days, seed, deployments.files_of(ROOT), say)
    if lived is None:
        raise click.ClickException(
            "There are people in this database. Name an empty one: REGLAMENT_VAR=var-year python app.py demo-year"
        )
    _keep_accounts(config, lived.accounts)
    click.echo(lived.account())


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--threads", default=8, show_default=True)
def run(host: str, port: int, threads: int) -> None:
    """Serve the pages and do the jobs, in one process."""
    from waitress import serve

    config = Config.from_environ()
    app = create_app(config)
    settle(app.extensions["reglament"])
    start_ticking(app.extensions["reglament"], _postman(config))
    accounts = config.var / "demo-accounts.txt"
    click.echo(f"\nReglament: http://{host}:{port}")
    if accounts.exists():
        click.echo(f"Sign in as one of (also in {accounts}):\n\n{accounts.read_text()}")
    serve(app, host=host, port=port, threads=threads, ident=None)


def settle(env: Environment) -> None:
    """Let the database know its rows, read the drawings in force before anybody asks for them, and leave what stands
    from now on out of every search for garbage: going through all of it takes longer than a page may."""
    database.take_stock(env.sessions.kw["bind"])
    with env.sessions() as session:
        env.library.in_force(session)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # a page makes some ten thousand objects and drops them: look when several have


def start_ticking(env: Environment, postman: replies.Postman | None = None) -> Any:
    """Let APScheduler look for due jobs every second, and at once after a commit that left some; and for replies by
    mail every minute. It holds no deadline itself."""
    from apscheduler.schedulers.background import BackgroundScheduler

    work.run(env, work.SYSTEM, steps.arm)
    work.run(env, work.SYSTEM, digests.arm)
    work.run(env, work.SYSTEM, watch.arm)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a round that runs already is no news
    scheduler = BackgroundScheduler(timezone="UTC", executors=_one_thread())
    scheduler.add_job(run_all_due, "interval", args=[env], seconds=TICK, coalesce=True)
    scheduler.add_job(database.take_stock, "cron", args=[env.sessions.kw["bind"]], hour=NIGHT, coalesce=True)
    _read_mail(scheduler, env, postman)
    scheduler.start()
    env.wake = lambda: scheduler.add_job(run_all_due, args=[env], id="wake", replace_existing=True)
    return scheduler


def run_all_due(env: Environment) -> None:
    """Do what is due, and what that made due, until there is nothing left."""
    while jobs.run_due(env):
        pass


def _one_thread() -> dict[str, Any]:
    """SQLite has one writer: a second job thread would only wait for the first and make everybody slower."""
    from apscheduler.executors.pool import ThreadPoolExecutor

    return {"default": ThreadPoolExecutor(1), "mail": ThreadPoolExecutor(1)}


def _read_mail(scheduler: Any, env: Environment, postman: replies.Postman | None) -> None:
    """In a thread of its own: a mail server that is slow delays no job."""
    if postman is not None:
        scheduler.add_job(postman.look, "interval", args=[env], seconds=MAIL_TICK, coalesce=True, executor="mail")


@cli.command()
def worker() -> None:
    """Do the jobs only: a second process beside `run`, on PostgreSQL."""
    from apscheduler.schedulers.blocking import BlockingScheduler

    config = Config.from_environ()
    env = create_environment(config)
    work.run(env, work.SYSTEM, steps.arm)
    work.run(env, work.SYSTEM, digests.arm)
    work.run(env, work.SYSTEM, watch.arm)
    scheduler = BlockingScheduler(timezone="UTC", executors=_one_thread())
    scheduler.add_job(run_all_due, "interval", args=[env], seconds=TICK, coalesce=True)
    _read_mail(scheduler, env, _postman(config))
    scheduler.start()


@cli.command()
def check() -> None:
    """Say what would be refused if processes/, forms/ and documents/ were published."""
    env = create_environment(Config.from_environ())
    with env.sessions() as session:
        faults = deployments.check(session, env, deployments.files_of(ROOT))
    _print(faults)
    click.echo(f"{len(faults)} remarks")
    sys.exit(any(fault.severity == "error" for fault in faults))


@cli.command()
@click.option("--note", help="What changed and why; shown beside the version.")
def publish(note: str | None) -> None:
    """Publish processes/, forms/ and documents/: all or nothing."""
    _publish(create_environment(Config.from_environ()), note)


def _publish(env: Environment, note: str | None) -> None:
    try:
        made = work.run(env, work.SYSTEM, deployments.publish, deployments.files_of(ROOT), note)
    except Refused as refused:
        _print(refused.faults)
        raise click.ClickException(str(refused)) from None
    click.echo("published" if made else "nothing has changed")


def _print(faults: Any) -> None:
    for fault in faults:
        where = f"{fault.file} {fault.element_id or ''}"
        click.echo(f"{fault.severity}: {where}: {fault.reason} -> {fault.remedy} [{fault.code}]")


@cli.command()
@click.argument("instance", type=int, required=False)
def verify(instance: int | None) -> None:
    """Verify the log's hash chain of one instance (0: what belongs to none), or of all; prints the heads."""
    env = create_environment(Config.from_environ())
    with env.sessions() as session:
        verdicts = audit.verify_all(session) if instance is None else [audit.verify(session, instance)]
        broken = 0
        for verdict in verdicts:
            head = verdict.head
            finding = "holds" if verdict.holds else f"BROKEN at line {verdict.broken}: {verdict.reason}"
            click.echo(f"chain {head.chain}: {head.count} lines, head {head.hash.hex()}: {finding}")
            broken += not verdict.holds
    sys.exit(broken > 0)


if __name__ == "__main__":
    try:
        cli()
    except ReglamentError as error:
        raise SystemExit(f"Error: {error}") from None
    except DatabaseError as error:
        advice = "Has `python app.py setup` been run with this DATABASE_URL and REGLAMENT_VAR?"
        raise SystemExit(f"The database does not answer as expected: {error.orig}. {advice}") from None
