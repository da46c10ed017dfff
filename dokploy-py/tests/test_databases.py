"""Databases, which are made as a whole and hold a password."""

from __future__ import annotations

import asyncio
from pathlib import Path

import dokploy
import pytest
from dokploy import errors, sync
from worlds import FakeWorld


async def test_a_database_comes_with_its_first_deployment_and_a_password_that_is_not_shown(tmp_path: Path) -> None:
    async with await FakeWorld(tmp_path, waits=False).open(concurrency=0) as engine:
        project = await engine.create_project("shop")
        made = await engine.create_database(project, "orders", "postgres", tag="16")
        database, deployment = made
        assert (made.database, made.deployment) == (database, deployment)
        assert (await deployment.get()).application_id == database.application_id
        connection = await engine.database_connection(database)
        password = connection.password.expose()
        assert connection.url.expose() == f"postgresql://postgres:{password}@{connection.host}:5432/orders"
        for shown in (repr(made), repr(connection), str(connection), str(connection.to_dict())):
            assert password not in shown


async def test_what_is_not_said_of_a_database_stays_and_none_takes_it_away(tmp_path: Path) -> None:
    async with await FakeWorld(tmp_path, waits=False).open(concurrency=0) as engine:
        project = await engine.create_project("shop")
        database, _ = await engine.create_database(project, "cache", "redis", memory_limit=256, cpu_limit=0.5)
        database = await engine.update_database(database, database.version, memory_limit=512)
        assert await limits(engine, database) == (512, 0.5)
        database = await engine.update_database(
            database, database.version, memory_limit=dokploy.UNCHANGED, cpu_limit=None
        )
        assert await limits(engine, database) == (512, None)
        assert [found.id for found in await engine.list_databases(project=project)] == [database.id]


async def limits(engine: dokploy.Engine, database: dokploy.Database) -> tuple[int | None, float | None]:
    application = await engine.find_application(database.application_id)
    assert application is not None
    return application.spec.memory_limit, application.spec.cpu_limit


async def test_a_database_without_asyncio(tmp_path: Path) -> None:
    world = FakeWorld(tmp_path, waits=True)
    with await world.open(concurrency=0) as engine:
        await asyncio.to_thread(make_and_delete, engine)


def make_and_delete(engine: sync.Engine) -> None:
    project = engine.create_project("shop")
    database, deployment = engine.create_database(project, "orders", "mysql")
    assert engine.find_database(database) == database
    assert deployment.get().application_id == database.application_id
    engine.delete_database(database)
    with pytest.raises(errors.NotFound):
        engine.database_connection(database)
