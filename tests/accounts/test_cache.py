"""What all processes count together, on either database."""

import pickle
import threading

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection

pytestmark = pytest.mark.django_db


def test_values_are_kept_as_json_until_their_time_is_over():
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        cache.set("attempts", [1.5, 2], timeout=60)
        assert cache.get("attempts") == [1.5, 2]
        clock.shift(61)
        assert cache.get("attempts", "nothing") == "nothing"
        cache.clear_expired()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cache")
        assert cursor.fetchone() == (0,)


def test_what_is_there_is_not_added_again_before_its_time():
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        assert cache.add("code", 1, timeout=60)
        assert not cache.add("code", 2, timeout=60)
        assert cache.get("code") == 1
        clock.shift(60)
        assert cache.add("code", 2, timeout=60)
        assert cache.get("code") == 2


def test_counting_starts_with_a_value_and_keeps_its_time():
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as clock:
        cache.set("requests", 1, timeout=60)
        assert [cache.incr("requests"), cache.incr("requests", 5)] == [2, 7]
        clock.shift(61)
        with pytest.raises(ValueError, match="not found"):
            cache.incr("requests")


def test_a_value_can_be_put_off_and_removed():
    cache.set("lock", True, timeout=None)
    assert cache.touch("lock", 60)
    assert cache.delete("lock")
    assert not cache.delete("lock")
    assert not cache.touch("lock", 60)


def test_many_values_drive_out_none():
    for number in range(400):  # Django's own cache forgets a third when there are 300
        cache.set(f"key {number}".replace(" ", "-"), number)
    assert [cache.get(f"key-{number}") for number in (0, 399)] == [0, 399]


def test_what_somebody_pickled_into_the_table_is_not_run():
    cache.set("attempts", [1])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cache SET value = %s", [pickle.dumps(print).hex()])
    with pytest.raises(ValueError, match=r"Extra data|Expecting value"):
        cache.get("attempts")


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_adds_and_no_count_is_lost():
    if connection.vendor == "sqlite":
        pytest.skip("the test database lives in the memory of one connection")
    cache.set("requests", 0)
    added: list[bool] = []

    def work() -> None:
        added.append(cache.add("code", 1))
        for _ in range(20):
            cache.incr("requests")
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(added) == [False, False, False, True]
    assert cache.get("requests") == 80
