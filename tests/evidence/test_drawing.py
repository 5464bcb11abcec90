"""The rules of drawing, and the stand-alone script that says the same (R3.1)."""

import importlib.util
import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.sampling.drawing import picked, random_sample, systematic_sample
from evidence.sampling.rows import Line, canonical, in_order

SCRIPT = Path("evidence/offline/draw_sample.py").resolve()
KEY = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=12)
KEYS = st.lists(KEY, min_size=1, max_size=40, unique=True)


def offline() -> Any:
    spec = importlib.util.spec_from_file_location("draw_sample", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_draws_the_same_in_ten_thousand_cases():
    chance, script = random.Random(20261122), offline()
    for case in range(10_000):
        keys = [f"{chance.choice(('CHG-', 'é', '=', ''))}{number}" for number in chance.sample(range(10**6), 25)]
        keys = keys[: chance.randrange(1, 26)]
        size, seed = chance.randrange(1, len(keys) + 1), chance.randbytes(8).hex()
        method, rule = chance.choice((("random", random_sample), ("systematic", systematic_sample)))
        found = rule(keys, size, seed)
        assert [tuple(pick) for pick in found] == script.draw(keys, size, seed, method), case
        assert len({pick.key for pick in found}) == size <= len(keys)


@given(keys=KEYS, data=st.data(), seed=st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20))
@settings(max_examples=300, deadline=None)
def test_a_random_sample_is_the_same_whatever_the_order(keys: list[str], data: st.DataObject, seed: str):
    size = data.draw(st.integers(1, len(keys)))
    shuffled = data.draw(st.permutations(keys))
    chosen = [pick.key for pick in random_sample(keys, size, seed)]
    assert [pick.key for pick in random_sample(shuffled, size, seed)] == chosen
    assert len(set(chosen)) == size
    larger = [pick.key for pick in random_sample(keys, len(keys), seed)]
    assert larger[:size] == chosen  # a larger sample by the same seed holds the smaller one


@given(keys=KEYS, data=st.data(), seed=st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20))
@settings(max_examples=300, deadline=None)
def test_a_systematic_sample_has_its_size_and_step(keys: list[str], data: st.DataObject, seed: str):
    size = data.draw(st.integers(1, len(keys)))
    places = [pick.position - 1 for pick in systematic_sample(keys, size, seed)]
    assert len(set(places)) == size
    step = len(keys) // size
    assert {(after - before) % len(keys) for before, after in pairwise(places)} <= {step}


@given(keys=KEYS, data=st.data())
@settings(max_examples=200, deadline=None)
def test_the_script_reads_the_canonical_csv_in_any_order(keys: list[str], data: st.DataObject):
    lines = in_order(Line(key.strip() or "k", None, [key], 0) for key in keys)
    wanted = [line.key for line in lines]
    shuffled = data.draw(st.permutations(lines))
    assert offline().keys_of(canonical(["title"], lines)) == wanted
    assert offline().keys_of(canonical(["title"], shuffled)) == wanted


@pytest.mark.parametrize("size", [0, -1, 4])
@pytest.mark.parametrize("rule", [random_sample, systematic_sample])
def test_no_sample_is_larger_than_its_population_or_empty(rule: Any, size: int):
    with pytest.raises(ValueError, match="at least 1 item and at most the population's 3"):
        rule(["a", "b", "c"], size, "seed")


def test_another_seed_draws_others_and_every_key_comes_up():
    keys = [f"CHG-{number}" for number in range(100)]
    drawn = [tuple(pick.key for pick in random_sample(keys, 10, f"seed {number}")) for number in range(200)]
    assert len(set(drawn)) == 200
    assert {key for sample in drawn for key in sample} == set(keys)


def test_picked_keys_are_there_and_once():
    assert picked(["a", "b", "c"], ["c", "a"]) == [(3, "c"), (1, "a")]
    with pytest.raises(ValueError, match="no x"):
        picked(["a"], ["x"])
    with pytest.raises(ValueError, match="twice"):
        picked(["a"], ["a", "a"])


def test_the_script_runs_alone(tmp_path: Path):
    """Isolated from this environment, as an auditor would run it."""
    file = tmp_path / "population.csv"
    lines = in_order(Line(f"CHG-{number}", None, [], 0) for number in range(40))
    file.write_bytes(canonical([], lines))
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(file), "--size", "5", "--seed", "abc"]
    out = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    expected = random_sample([line.key for line in lines], 5, "abc")
    assert [tuple(line.split("\t")) for line in out.splitlines()] == [
        (str(pick.position), pick.key) for pick in expected
    ]


def test_the_script_is_short():
    assert len(SCRIPT.read_text().splitlines()) < 120
