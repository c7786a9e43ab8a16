from pathlib import Path

from script.house.stamps import Stamp, fingerprint, listing


def test_fingerprint_follows_content_name_and_absence(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("same")
    missing = fingerprint(one, two)
    two.write_text("same")
    assert len({missing, fingerprint(one, two), fingerprint(two, one), fingerprint(one, "two")}) == 4
    assert fingerprint(one, "text") == fingerprint(one, "text")


def test_texts_do_not_run_into_each_other() -> None:
    assert fingerprint("ab", "c") != fingerprint("a", "bc")


def test_listing_follows_a_changed_file(tmp_path: Path) -> None:
    file = tmp_path / "a.css"
    file.write_text("a")
    before = listing([file])
    file.write_text("ab")
    assert listing([file]) != before


def test_a_step_is_fresh_only_with_its_key_and_its_results(tmp_path: Path) -> None:
    stamp, result = Stamp(tmp_path / "stamps", "step"), tmp_path / "result"
    assert not stamp.fresh("key")
    stamp.write("key")
    assert stamp.fresh("key")
    assert not stamp.fresh("other key")
    assert not stamp.fresh("key", result)
    result.touch()
    assert stamp.fresh("key", result)
    stamp.clear()
    assert not stamp.fresh("key", result)
