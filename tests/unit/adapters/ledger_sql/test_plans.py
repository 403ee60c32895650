"""Questions asked often are answered from an index, also with very many jobs."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from statuette.adapters.ledger_sql import counters, intake, interventions, jobs, leasing, schema
from statuette.adapters.ledger_sql.batch import Batch, by_ids
from statuette.adapters.ledger_sql.codec import new_row
from statuette.adapters.ledger_sql.database import make_file, parsed, writing_engine
from statuette.adapters.ledger_sql.migrate import migrate
from statuette.adapters.ledger_sql.statements import Statement
from statuette.events.jobs import JobState
from statuette.ports.jobs import JobQuery
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger_suite_parts import NOW, Made, new_job

MANY = 200_000


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """A ledger with many waiting jobs of one service, their rows made by SQL: one by one takes long."""
    file = tmp_path_factory.mktemp("plans") / "ledger.db"
    make_file(file)
    engine = writing_engine(parsed(f"sqlite:///{file}"))
    migrate(engine)
    row = new_row(new_job(Made(lane="l")), state=JobState.QUEUED, accepted=NOW)
    varied = {"id": "'j' || n", "key": "'k' || n", "open_lane": "'l' || n", "priority": "n % 3"}
    values = ", ".join(varied.get(name, f":{name}") for name in row)
    numbers = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :many)"
    fill = f"{numbers} INSERT INTO jobs ({', '.join(row)}) SELECT {values} FROM c"
    kept = {name: value for name, value in row.items() if name not in varied}
    with engine.begin() as connection:
        connection.execute(sa.text(fill), kept | {"many": MANY})
        connection.exec_driver_sql(f"INSERT INTO backlog VALUES ('reader', 'life-1', {MANY}, 0, 0, 0, 0, 0)")
    yield engine
    engine.dispose()


def _plan(engine: sa.Engine, statement: sa.Executable, **values: Any) -> list[str]:
    compiled = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True})
    given = compiled.construct_params(values)
    with closing(sqlite3.connect(engine.url.database or "")) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {compiled}", [given[name] for name in compiled.positiontup])
        return [str(row[3]) for row in rows]


def test_the_next_job_comes_from_its_index_without_sorting(crowded: sa.Engine) -> None:
    plan = _plan(crowded, leasing.next_ready, line="reader", total=1)
    assert plan == ["SEARCH jobs USING INDEX jobs_ready (ready_line=?)"]


def test_jobs_whose_time_has_come_are_found_by_index(crowded: sa.Engine) -> None:
    plan = _plan(crowded, leasing.ripening, line="reader", now=NOW)
    assert plan == ["SEARCH jobs USING COVERING INDEX jobs_ripening (ripening_line=? AND not_before<?)"]


def test_the_oldest_of_each_service_comes_from_an_index(crowded: sa.Engine) -> None:
    plan = _plan(crowded, counters.standing)
    assert plan.count("SEARCH jobs USING INDEX jobs_shelf (service=? AND shelf=?)") == 2
    assert not [step for step in plan if step.startswith("SCAN jobs")]


def test_what_ended_longest_ago_comes_from_its_index_without_sorting(crowded: sa.Engine) -> None:
    plan = _plan(crowded, interventions.ended_question, final="published", before=NOW, most=10)
    assert plan == ["SEARCH jobs USING INDEX jobs_ended (shelf=? AND ended<?)"]


@pytest.mark.parametrize(
    ("choice", "index"),
    [
        ({}, "jobs_shelf (service=? AND shelf=? AND sequence<?)"),
        ({"states": frozenset({JobState.FAILED})}, "jobs_shelf (service=? AND shelf=? AND sequence<?)"),
        ({"principal": "alice"}, "jobs_principal (service=? AND principal=? AND sequence<?)"),
        ({"object": "ocr/in/a.png"}, "jobs_object (object=? AND service=? AND sequence<?)"),
    ],
)
def test_pages_come_from_an_index_without_sorting(crowded: sa.Engine, choice: dict[str, Any], index: str) -> None:
    for question in jobs.page_questions(JobQuery(service="reader", **choice), before=1000, limit=71):
        [step] = _plan(crowded, question)
        assert step.startswith("SEARCH jobs USING")
        assert step.endswith(f"INDEX {index}")


def test_sightings_are_looked_up_one_by_one_in_their_key(crowded: sa.Engine) -> None:
    plan = _plan(crowded, intake.SEEN_QUESTIONS["sqlite"], given='[["f", "k", "i"], ["f", "l", "i"]]')
    assert plan[-1] == "SEARCH seen USING PRIMARY KEY (feed=? AND object_key=? AND identity=?)"


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (by_ids, "jobs_id (id=?)"),
        (intake.standing_question, "jobs_key (key=?)"),
        (intake.lanes_question, "jobs_lane (open_lane=?)"),
        (intake.lane_question, "jobs_lane (open_lane=?)"),
    ],
)
def test_listed_jobs_are_looked_up_one_by_one(crowded: sa.Engine, question: Statement, index: str) -> None:
    plan = _plan(crowded, question.made["sqlite"], values='["a", "b"]')
    assert [step for step in plan if " jobs " in step and step.endswith(index)] == plan[:1]


def test_work_is_handed_out_of_many(crowded: sa.Engine) -> None:
    """The highest priority first, in order, and what is leased is counted."""
    request = leasing.Take(line="reader", runner="r", limit=3, ttl=9, revision=1, script_hash="")
    with crowded.begin() as connection:
        batch = Batch(connection, now=NOW, lease_clock=VirtualClock(start=NOW).monotonic)
        leasing.take(batch, [request])
        batch.finish()
        counted = connection.execute(sa.select(schema.backlog.c.queued, schema.backlog.c.running)).one()
    assert [job.sequence for job in request.answer or []] == [2, 5, 8]
    assert tuple(counted) == (MANY - 3, 3)


def test_a_crowded_ledger_knows_a_key_again(crowded: sa.Engine) -> None:
    request = intake.Accept(arrivals=[intake.Arrival(job=new_job(Made(key="k777")))], stream="", position=None)
    with crowded.begin() as connection:
        intake.accept(Batch(connection, now=NOW, lease_clock=VirtualClock(start=NOW).monotonic), [request])
    assert [(one.job, one.new) for one in request.answer or []] == [("j777", False)]
