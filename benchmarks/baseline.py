"""The baseline: bare SpiffWorkflow with its stock serializer and one JSON column in SQLite. No task list, no rights, no
log. Every call: SELECT, deserialize all, complete, run the engine's steps, serialize all, UPDATE, COMMIT."""
from __future__ import annotations

import io
import logging
import sqlite3
from datetime import timedelta
from typing import Any

import psycopg
from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.util import task as bpmn_task
from SpiffWorkflow.util import task as plain_task
from SpiffWorkflow.util.task import TaskState

from benchmarks.models import Drawing

logging.getLogger("spiff").setLevel(logging.CRITICAL)
DEEP = 30_000


def lift_depth() -> None:
    """SpiffWorkflow walks its tree to depth 1000 and stalls beyond it without a word; lifted, to have a number."""
    for iterator in (plain_task.TaskIterator, bpmn_task.BpmnTaskIterator):
        defaults = list(iterator.__init__.__defaults__)  # type: ignore[misc]  # a function of a library without types
        defaults[1] = DEEP
        iterator.__init__.__defaults__ = tuple(defaults)  # type: ignore[misc]  # a function of a library without types


class Bare:
    """One table of serialized workflows, in an SQLite file or, given a ``postgresql://`` URL, on PostgreSQL."""

    def __init__(self, where: str, synchronous: str = "NORMAL") -> None:
        self.where = where
        self.connection: Any
        self.mark = "?"
        if where.startswith("postgresql://"):
            self.connection = psycopg.connect(where, autocommit=True)
            self.connection.execute("DROP TABLE IF EXISTS bare_instance")
            self.connection.execute("CREATE TABLE bare_instance (id BIGSERIAL PRIMARY KEY, state TEXT, status TEXT)")
            self.mark = "%s"
        else:
            self.connection = sqlite3.connect(where, isolation_level=None)
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute(f"PRAGMA synchronous={synchronous}")
            self.connection.execute("CREATE TABLE bare_instance (id INTEGER PRIMARY KEY, state TEXT, status TEXT)")
        self.serializer = BpmnWorkflowSerializer()
        self.scripts = PythonScriptEngine()
        self.specs: dict[str, Any] = {}

    def start(self, drawing: Drawing, **variables: Any) -> int:
        if drawing.key not in self.specs:
            parser = BpmnParser()
            parser.add_bpmn_xml(etree.parse(io.BytesIO(drawing.xml(feel=False))), filename=drawing.key)
            self.specs[drawing.key] = parser.get_spec(drawing.key)
        workflow = BpmnWorkflow(self.specs[drawing.key], script_engine=self.scripts)
        workflow.task_tree.data.update(variables)
        workflow.do_engine_steps()
        state = self.serializer.serialize_json(workflow)
        insert = "INSERT INTO bare_instance (state, status) VALUES (?, 'open') RETURNING id"
        return int(self._run(insert, state).fetchone()[0])

    def complete(self, instance_id: int, element_id: str, data: dict[str, Any]) -> None:
        workflow = self._load(instance_id)
        task = workflow.get_next_task(state=TaskState.READY, spec_name=element_id, manual=True)
        task.data.update(data)
        task.run()
        self._go_on(instance_id, workflow)

    def fire(self, instance_id: int) -> None:
        self._go_on(instance_id, self._load(instance_id))

    def size(self) -> int:
        if self.mark != "?":
            return int(self.connection.execute("SELECT pg_total_relation_size('bare_instance')").fetchone()[0])
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = self.connection.execute("PRAGMA page_count").fetchone()[0]
        return int(pages * self.connection.execute("PRAGMA page_size").fetchone()[0])

    def _run(self, sql: str, *values: Any) -> Any:
        return self.connection.execute(sql.replace("?", self.mark), values)

    def _load(self, instance_id: int) -> Any:
        row = self._run("SELECT state FROM bare_instance WHERE id = ?", instance_id).fetchone()
        workflow = self.serializer.deserialize_json(row[0])
        workflow.script_engine = self.scripts
        return workflow

    def _go_on(self, instance_id: int, workflow: Any) -> None:
        workflow.refresh_waiting_tasks()
        workflow.do_engine_steps()
        state = self.serializer.serialize_json(workflow)
        status = "done" if workflow.completed else "open"
        self._run("UPDATE bare_instance SET state = ?, status = ? WHERE id = ?", state, status, instance_id)


TIMER_PASSES = timedelta(seconds=1.2)
