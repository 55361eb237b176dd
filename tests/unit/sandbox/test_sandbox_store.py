import json
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from reconciler.sandbox import store as store_module
from reconciler.sandbox.entities import DEFAULT_USER_ID, RUNNER, SCHEMA_VERSION
from reconciler.sandbox.failures import StoreError
from reconciler.sandbox.store import Store, Token
from tests.fakes.sandbox import example


@pytest.fixture
def file(tmp_path):
    """A file that is not there yet."""
    return tmp_path / "fleet.db"


def test_state_survives_a_restart(file):
    """What one store wrote the next one on the same file reads: accounts, tokens, runners, their order."""
    with Store(file) as store:
        store.set_user({"id": DEFAULT_USER_ID, "tier": "pro"})
        store.add_token("cfc_mine", Token(DEFAULT_USER_ID, "2030-01-01T00:00:00Z", revoked=True))
        store.add_many([example("get_runner"), {"name": "b"}])
        store.update(example("get_runner")["id"], {"status": "disabled"})
        before = store.runners()
    with Store(file) as store:
        assert store.user()["tier"] == "pro"
        assert store.token("cfc_mine") == Token(DEFAULT_USER_ID, "2030-01-01T00:00:00Z", revoked=True)
        assert store.runners() == before
        assert [runner["name"] for runner in before] == ["b", "Production GPU Runner"]


def test_the_plan_key_is_made_once_per_file(file, tmp_path):
    """The plan key is 32 random bytes in hex, the same ever after in one file and another in another file."""
    with Store(file) as store:
        key = store.plan_key()
        assert store.plan_key() == key
    assert len(bytes.fromhex(key)) == 32
    with Store(file) as store, Store(tmp_path / "other.db") as other:
        assert store.plan_key() == key
        assert other.plan_key() != key


def test_the_file_is_for_its_owner_alone(file):
    """The file holds header values and the plan key: nobody else may read it, nor its write-ahead log."""
    with Store(file) as store:
        store.plan_key()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert modes == dict.fromkeys(("fleet.db", "fleet.db-shm", "fleet.db-wal"), 0o600)


def test_two_stores_share_a_file(file):
    """What one store writes another that has the file open reads at once."""
    with Store(file) as one, Store(file) as two:
        one.add_many([{"name": "a"}])
        assert [runner["name"] for runner in two.runners()] == ["a"]
        two.update(two.runners()[0]["id"], {"name": "b"})
        assert [runner["name"] for runner in one.runners()] == ["b"]


def test_threads_share_a_store(file):
    """Writers in several threads lose nothing, and a limit on runners holds among them."""
    runner = {**example("get_runner"), "id": ""}
    made: list[str | None] = []

    def create(name: str) -> None:
        made.extend(store.create({**runner, "id": f"{name}-{number}"}, limit=50) for number in range(20))

    with Store(file) as store:
        threads = [threading.Thread(target=create, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(each is not None for each in made) == len(store.runners()) == 50


COUNT_UP = """
import json, sys
from reconciler.sandbox.store import Store
with Store(sys.argv[1]) as store:
    for _ in range(50):
        store.add_many([{"name": sys.argv[2]}])
    print(store.plan_key())
"""


def test_processes_share_a_file(file):
    """Processes that open a new file at the same time and write to it lose nothing and agree on its plan key."""
    command = [sys.executable, "-c", COUNT_UP, str(file)]
    writers = [subprocess.Popen([*command, name], stdout=subprocess.PIPE) for name in "abc"]
    keys = {writer.communicate()[0] for writer in writers}
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert len(keys) == 1
    with Store(file) as store:
        names = [runner["name"] for runner in store.runners()]
    assert {name: names.count(name) for name in "abc"} == {"a": 50, "b": 50, "c": 50}


def test_an_update_fails_whole(file):
    """A write that fails leaves the store as it was, and usable."""
    with Store(file) as store:
        store.add_many([{"name": "a"}])
        before = store.runners()
        with pytest.raises(TypeError):
            store.update(before[0]["id"], {"name": object()})
        assert store.runners() == before
        store.update(before[0]["id"], {"name": "b"})


def test_a_busy_file_is_a_store_error(file):
    """A file that another holds for longer than the store waits is an error that names the file."""
    with Store(file) as store:
        store._db.execute("PRAGMA busy_timeout = 1")
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"fleet\.db: the sandbox's file failed: SQLITE_BUSY"):
            store.plan_key()
        other.close()


def test_opening_waits_for_a_busy_file(file):
    """A new file that another process is just preparing is waited for."""
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.05, other.close)
    release.start()
    with Store(file) as store:
        assert store.runners() == []
    release.join()


def test_opening_does_not_wait_for_ever(file, monkeypatch):
    """A file that stays busy for longer than the store waits cannot be opened."""
    monkeypatch.setattr(store_module, "_BUSY_S", 0.01)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="SQLITE_BUSY"):
        Store(file)
    other.close()


@pytest.mark.parametrize("content", [b"runners: {}\n" * 100, b"SQLite format 3\0" + b"\xff" * 2000])
def test_another_file_is_refused_and_left_alone(file, content):
    """A file that is no database is not overwritten."""
    file.write_bytes(content)
    with pytest.raises(StoreError, match=r"fleet\.db: cannot be used as the sandbox's file"):
        Store(file)
    assert file.read_bytes() == content


def test_another_database_is_refused(file):
    """A database of something else, or of another version, is refused."""
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE runners (id TEXT)")
    other.close()
    with pytest.raises(StoreError, match=r"no sandbox file of this version; give another file or remove it"):
        Store(file)


def test_a_later_version_is_refused(file):
    """A file that a later version wrote is refused rather than misread."""
    Store(file).close()
    later = sqlite3.connect(file)
    later.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    later.close()
    with pytest.raises(StoreError, match="no sandbox file of this version"):
        Store(file)


def test_an_earlier_version_is_taken_on(file):
    """A file of the first version, which had no workflows that run, keeps what it holds and gets what it lacks."""
    with Store(file) as store:
        store.add_many([{"name": "a"}])
    earlier = sqlite3.connect(file)
    earlier.execute("DROP TABLE runs")
    earlier.execute("PRAGMA user_version = 1")
    earlier.close()
    with Store(file) as store:
        assert [each["name"] for each in store.runners()] == ["a"]
        with store.transaction() as db:
            assert db.execute("SELECT count(*) FROM runs").fetchone() == (0,)


@pytest.mark.parametrize("path", ["", ".", "missing/fleet.db"])
def test_a_path_that_cannot_be_opened_is_a_store_error(tmp_path, monkeypatch, path):
    """An empty path, a folder, a missing folder: an error that says so."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="cannot open the sandbox's file"):
        Store(path)


def test_closing_twice_is_fine(file):
    """A door and its owner may both close the store; a closed one says so."""
    store = Store(file)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="ProgrammingError"):
        store.runners()


def test_many_take_their_defaults():
    """add_many completes what is omitted, and passes over an id that is there already."""
    with Store(":memory:") as store:
        store.add_many([{"name": "a"}, {"id": "x"}])
        store.add_many([{"id": "x", "name": "again"}])
        newest, oldest = store.runners()
        assert (newest["id"], newest["name"], oldest["name"]) == ("x", "x", "a")
        assert list(oldest) == list(example("get_runner"))
        assert (oldest["status"], oldest["tags"], oldest["headers"]) == ("active", [], {})
        assert oldest["user_id"] == DEFAULT_USER_ID
        assert oldest["created_at"] == oldest["updated_at"]


def test_created_at_orders_before_the_order_of_adding():
    """Runners are ordered by their creation, whenever they were added."""
    with Store(":memory:") as store:
        stamps = {"a": "2024-01-02T00:00:00Z", "b": "2024-01-03T00:00:00Z", "c": "2024-01-01T00:00:00Z"}
        store.add_many({"name": name, "created_at": stamp} for name, stamp in stamps.items())
        assert [runner["name"] for runner in store.runners()] == ["b", "a", "c"]


def test_a_runner_can_be_taken_out():
    """Somebody may delete a runner in the dashboard; the API has no such call."""
    with Store(":memory:") as store:
        store.add_many([example("get_runner")])
        store.remove(example("get_runner")["id"])
        assert store.runners() == []
        assert store.update(example("get_runner")["id"], {}) is None


@pytest.mark.parametrize("status", [None, "active"])
def test_a_deep_page_is_read_from_an_index(status):
    """A page is found and ordered by an index: nothing is sorted, and the total needs no document."""
    with Store(":memory:") as store:
        store.add_many({"name": str(number), "tags": ["a"]} for number in range(250))
        plans: list[str] = []
        store._db.set_trace_callback(plans.append)
        page, total = store.page(RUNNER, DEFAULT_USER_ID, status=status, limit=100, offset=200)
        store._db.set_trace_callback(None)
        assert ([json.loads(text)["name"] for text in page[:2]], len(page), total) == (["49", "48"], 50, 250)
        for statement in [each for each in plans if each.startswith("SELECT")]:
            steps = [row[3] for row in store._db.execute(f"EXPLAIN QUERY PLAN {statement}")]
            assert len(steps) == 1
            assert steps[0].startswith("SEARCH entities USING")
            assert "newest_first" in steps[0]
