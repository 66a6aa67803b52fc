"""Public data sets: local copies, real downloads, checksums."""

import functools
import hashlib
import http.server
import json
import threading

import pytest

from training_data import InputError, fetch_dataset, load_catalogue

CONTENT = b"2\nLabels\nLi 0 0 0\nCl 0 0 2\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(tmp_path):
    """Serve one file over HTTP on this machine."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "set.extxyz").write_bytes(CONTENT)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture
def catalogue(tmp_path, server):
    def written(sha256=SHA256, url=None):
        entry = {
            "file": "set.extxyz",
            "sha256": sha256,
            "url": url or f"{server}/set.extxyz",
            "origin": "a test",
            "how": "Ask us.",
            "citation": "nobody",
            "licence": "CC0-1.0",
            "level_of_theory": "none",
            "n_frames": 1,
            "elements": ["Li", "Cl"],
        }
        path = tmp_path / "catalogue.json"
        path.write_text(json.dumps({"ours": entry}), encoding="utf-8")
        return path

    return written


def test_every_entry_says_where_it_comes_from():
    entries = load_catalogue()
    assert {"llzo", "li-metal-mlearn"} <= set(entries)
    for entry in entries.values():
        assert len(entry.sha256) == 64
        assert "commit" in entry.origin
        assert entry.citation
        assert entry.licence
        assert entry.url or entry.how


def test_download_is_verified_and_kept(catalogue, tmp_path):
    path = fetch_dataset("ours", catalogue=catalogue(), out=tmp_path / "cache")
    assert path.read_bytes() == CONTENT
    (tmp_path / "served" / "set.extxyz").write_bytes(b"changed")
    again = fetch_dataset("ours", catalogue=catalogue(), out=tmp_path / "cache")
    assert again.read_bytes() == CONTENT  # from the cache


def test_changed_download_is_refused(catalogue, tmp_path):
    with pytest.raises(InputError, match="sha256"):
        fetch_dataset("ours", catalogue=catalogue("0" * 64), out=tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*"))


def test_unreachable_address_is_explained(catalogue, tmp_path):
    path = catalogue(url="http://127.0.0.1:9/set.extxyz")
    with pytest.raises(InputError, match="must be reachable"):
        fetch_dataset("ours", catalogue=path, out=tmp_path / "cache")


def test_local_copy_comes_first(catalogue, tmp_path, monkeypatch):
    below = tmp_path / "data" / "deeper"
    below.mkdir(parents=True)
    (below / "set.extxyz").write_bytes(CONTENT)
    path = catalogue(url="http://127.0.0.1:9/set.extxyz")
    found = fetch_dataset("ours", catalogue=path, folder=tmp_path / "data")
    assert found == below / "set.extxyz"
    monkeypatch.setenv("LITHOPHILE_DATA_DIR", str(tmp_path / "data"))
    assert fetch_dataset("ours", catalogue=path) == found
    (below / "set.extxyz").write_bytes(CONTENT + b"!")
    with pytest.raises(InputError, match="changed, cut"):
        fetch_dataset("ours", catalogue=path)


def test_set_without_an_upstream_file_says_how_it_is_made(monkeypatch):
    monkeypatch.delenv("LITHOPHILE_DATA_DIR", raising=False)
    with pytest.raises(InputError, match="ed71c078") as refused:
        fetch_dataset("llzo")
    assert "--from" in str(refused.value)


def test_unknown_names_and_bad_catalogues_are_refused(tmp_path):
    with pytest.raises(InputError, match="llzo"):
        fetch_dataset("lzlo")
    bad = tmp_path / "bad.json"
    bad.write_text('{"a": {"file": "x"}}', encoding="utf-8")
    with pytest.raises(InputError, match="keys of CatalogueEntry"):
        load_catalogue(bad)
