"""Golden files: verified by default, written when asked, once, at the end, and never by accident."""

import json

import pytest

MODULE = """
import datetime, uuid
import pytest

def test_a(pal_golden):
    pal_golden({"b": [1, 2.5, None], "at": datetime.datetime(2026, 3, 2), "id": uuid.UUID(int=VALUE)})

@pytest.mark.parametrize("x", ["é/ö", "plain"])
def test_b(pal_golden, x):
    pal_golden([x])
    pal_golden({"more": x}, "second")
"""
FILES = ["test_a.json", "test_b-plain-a1.json"]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in ("CI", "BUILD_NUMBER", "PAL_GOLDEN_WRITE"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]")
    write(pytester)
    return pytester


def write(project: pytest.Pytester, text: str = MODULE, value: int = 1) -> None:
    (project.path / "test_mod.py").write_text(text.replace("VALUE", str(value)), "utf-8")


def files(project: pytest.Pytester) -> dict[str, bytes]:
    folder = project.path / "golden"
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*.*"))}


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    return project.runpytest_inprocess("-p", "no:cacheprovider", *options)


def test_a_missing_file_fails_until_it_is_asked_for(project: pytest.Pytester) -> None:
    found = run(project)
    found.assert_outcomes(failed=3)
    found.stdout.fnmatch_lines(["*there is no golden file*", "*pytest --pal-golden=update 'test_mod.py::test_a'*"])
    assert files(project) == {}
    assert run(project, "--pal-golden=new").ret == 0
    assert len(files(project)) == 5
    assert json.loads(files(project)["tests/test_mod/test_a.json"]) == {
        "at": "<time 1>",
        "b": [1, 2.5, None],
        "id": "<id 1>",
    }
    assert run(project).ret == 0


def test_under_xdist_the_same_bytes_are_written_once(project: pytest.Pytester) -> None:
    run(project, "--pal-golden=new")
    alone = files(project)
    for file in (project.path / "golden").rglob("*.json"):
        file.unlink()
    assert project.runpytest_subprocess("--pal-golden=new", "-n", "2").ret == 0
    assert files(project) == alone
    assert project.runpytest_subprocess("-n", "2").ret == 0


def test_an_update_tells_what_changed_field_by_field(project: pytest.Pytester) -> None:
    run(project, "--pal-golden=new")
    write(project, MODULE.replace("2.5", "2.75"))
    failed = run(project)
    failed.assert_outcomes(passed=2, failed=1)
    failed.stdout.fnmatch_lines(["*at /b/1:*", "*expected: 2.5*", "*seen: *2.75*"])
    untouched = files(project)
    assert run(project, "--pal-golden=new").ret == 1
    assert files(project) == untouched
    updated = run(project, "--pal-golden=update", "test_mod.py::test_a")
    assert updated.ret == 0
    updated.stdout.fnmatch_lines(["*pal: golden files*", "*test_a.json: 1 changed", "*/b/1 value: 2.5 -> 2.75"])
    assert run(project).ret == 0


def test_what_a_failing_test_recorded_is_not_written(project: pytest.Pytester) -> None:
    write(project, MODULE + "    assert x == 'plain'\n")
    assert run(project, "--pal-golden=new").ret == 1
    assert [name for name in files(project) if "test_b" in name] == [
        "tests/test_mod/test_b" + n for n in _plain(project)
    ]


def _plain(project: pytest.Pytester) -> list[str]:
    names = [name for name in files(project) if "plain" in name]
    return [name.removeprefix("tests/test_mod/test_b") for name in names]


def test_a_failing_teardown_keeps_the_old_file(project: pytest.Pytester) -> None:
    bad = "import pytest\n@pytest.fixture\ndef bad():\n    yield\n    assert False\n"
    write(project, bad + "def test_a(bad, pal_golden):\n    pal_golden(1)\n")
    run(project, "--pal-golden=new")
    assert files(project) == {}


@pytest.mark.parametrize("mode", ["new", "update", "prune"])
def test_on_ci_it_must_be_asked_for_twice(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv("CI", "true")
    found = run(project, f"--pal-golden={mode}")
    assert found.ret == 4
    found.stderr.fnmatch_lines([f"*--pal-golden={mode} on CI: set PAL_GOLDEN_WRITE=1*"])
    assert files(project) == {}
    monkeypatch.setenv("PAL_GOLDEN_WRITE", "1")
    run(project, f"--pal-golden={mode}")
    assert bool(files(project)) is (mode != "prune")


def test_orphans_fail_and_are_pruned(project: pytest.Pytester) -> None:
    run(project, "--pal-golden=new")
    write(project, MODULE.replace("test_a", "test_z").replace('"more"', '"more"'))
    run(project, "--pal-golden=new")
    found = run(project)
    assert found.ret == 1
    found.stdout.fnmatch_lines(["*test_a.json: nothing records it; add --pal-golden=prune to delete it"])
    assert run(project, "-k", "test_z").ret == 0
    assert run(project, "test_mod.py::test_z").ret == 0
    pruned = run(project, "--pal-golden=prune")
    pruned.stdout.fnmatch_lines(["*test_a.json: deleted, nothing records it"])
    assert "tests/test_mod/test_a.json" not in files(project)
    assert run(project).ret == 0


def test_the_golden_of_a_skipped_test_is_no_orphan(project: pytest.Pytester) -> None:
    run(project, "--pal-golden=new")
    write(
        project, MODULE.replace("def test_a(pal_golden):\n", "def test_a(pal_golden):\n    pytest.skip('not here')\n")
    )
    assert run(project).ret == 0


def test_two_recordings_of_one_name_fail(project: pytest.Pytester) -> None:
    write(project, "def test_a(pal_golden):\n    pal_golden(1)\n    pal_golden(2)\n")
    found = run(project, "--pal-golden=new")
    assert found.ret == 1
    found.stdout.fnmatch_lines(["*test_a.json: recorded twice; give one of them a name of its own"])
    assert files(project) == {}


def test_names_that_some_disks_take_for_one_fail(project: pytest.Pytester) -> None:
    write(project, "def test_a(pal_golden):\n    pal_golden(1)\ndef test_A(pal_golden):\n    pal_golden(2)\n")
    found = run(project, "--pal-golden=new")
    assert found.ret == 1
    found.stdout.fnmatch_lines(["*test_A.json and *test_a.json: one file on some disks"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("{1: 2}", "*the key 1 is a int*"),
        ("{'a': {object()}}", "*/a: a set is no JSON*"),
        ("[b'x']", "*a bytes is no JSON*"),
    ],
)
def test_what_json_cannot_say_is_refused(project: pytest.Pytester, value: str, text: str) -> None:
    write(project, f"def test_a(pal_golden):\n    pal_golden({value})\n")
    run(project, "--pal-golden=new").stdout.fnmatch_lines([text])


def test_nothing_is_dropped_silently(project: pytest.Pytester) -> None:
    write(project, "def test_a(pal_golden):\n    pal_golden([float('nan'), -0.0, 2**60, 'pal:x', True])\n")
    assert run(project, "--pal-golden=new").ret == 0
    write(project, "def test_a(pal_golden):\n    pal_golden([float('nan'), 0.0, 2**60 + 1, 'pal:x', 1])\n")
    found = run(project)
    found.stdout.fnmatch_lines(["*at /1:*", "*at /2:*", "*at /4:*"])


def test_a_golden_that_cannot_be_read_says_where(project: pytest.Pytester) -> None:
    run(project, "--pal-golden=new")
    file = project.path / "golden/tests/test_mod/test_a.json"
    file.write_text('{"a": NaN}')
    run(project).stdout.fnmatch_lines(["*test_a.json*line 1*"])
    assert file.read_text() == '{"a": NaN}'


def test_classes_may_be_given_by_pointer(project: pytest.Pytester) -> None:
    code = (
        "def test_a(pal_golden):\n"
        "    seen = {'rows': [{'id': IDS}, {'id': 'b'}, {'id': IDS}], 'ms': 3}\n"
        "    pal_golden(seen, classes={'/rows/*/id': 'id', '/ms': 'measured'})\n"
    )
    write(project, code.replace("IDS", "'a'"))
    run(project, "--pal-golden=new")
    expected = {"ms": "<measured>", "rows": [{"id": "<id 1>"}, {"id": "<id 2>"}, {"id": "<id 1>"}]}
    assert json.loads(files(project)["tests/test_mod/test_a.json"]) == expected
    write(project, code.replace("IDS", "'zz'"))
    assert run(project).ret == 0
    write(project, code.replace("IDS", "'b'"))
    assert run(project).ret == 1
