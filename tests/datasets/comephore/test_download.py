"""The download against a local server that misbehaves."""

import io
import re
import tarfile
import threading
import time
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import requests

from anemoi_scaleadapt.datasets.comephore.catalogue import Resource, fetch, parse
from anemoi_scaleadapt.datasets.comephore.download import CHUNK, download
from anemoi_scaleadapt.errors import ScaleAdaptError
from support.synthetic import add_member


def tar_bytes():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for hour in range(3):
            data = np.random.default_rng(hour).bytes(400_000)
            add_member(tar, f"2023/20230101{hour:02d}_RR.gtif", data)
    return buffer.getvalue()


DATA = tar_bytes()
#: Of a third of the data, the whole blocks that were read before the line broke.
KEPT = len(DATA) // 3 // CHUNK * CHUNK


class Server(ThreadingHTTPServer):
    """Plays a list of behaviours, one a request, then behaves; remembers what was asked for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.plays, self.asked, self.answer, self.data = [], [], None, DATA
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def send(self, status, data=b"", length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.close_connection = True
        if self.path == "/api":
            return self.send(200, self.server.answer)
        whole, wanted = self.server.data, self.headers.get("Range")
        self.server.asked.append(wanted)
        play = self.server.plays.pop(0) if self.server.plays else "well"
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted else 0
        rest, status, headers = whole[start:], 206 if wanted else 200, {}
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
        if play == "ignores ranges":
            rest, status, headers = DATA, 200, {}
        if play in (500, 503, 404):
            return self.send(play, b"sorry")
        if play == "whole is there":
            return self.send(416, Content_Range=f"bytes */{len(whole)}")
        if play == "cut":
            return self.send(status, rest[: len(rest) // 3], len(rest), **headers)
        if play == "too short":
            return self.send(status, rest[:-6000], **({"Content-Range": headers["Content-Range"]} if wanted else {}))
        if play == "too long":
            return self.send(status, rest + b"x" * 99, **headers)
        if play == "stalls":
            self.send(status, rest[:50_000], len(rest), **headers)
            self.wfile.flush()
            return time.sleep(1.5)
        if play == "page":
            return self.send(200, b"<html>We are sorry</html>")
        return self.send(status, rest, **{k.replace("-", "_"): v for k, v in headers.items()})


@pytest.fixture
def server():
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def get(server, tmp_path):
    def run(plays=(), size=None, checksum=None, tries=4):
        server.plays = list(plays)
        resource = Resource("202301", f"{server.address}/H_COMEPHORE_202301.tar", size, checksum)
        lines = []
        with requests.Session() as session:
            done = download(session, resource, tmp_path, tries=tries, pause=0.01, timeout=0.4, tell=lines.append)
        return done, lines

    return run


def whole(folder):
    assert (folder / "H_COMEPHORE_202301.tar").read_bytes() == DATA
    assert not list(folder.glob("*.part"))


def test_a_good_server_gives_the_file_and_a_second_call_asks_for_nothing(get, server, tmp_path):
    assert get() == (True, [])
    whole(tmp_path)
    assert get() == (False, [])
    assert server.asked == [None]


@pytest.mark.parametrize(
    "plays",
    [
        [500, 503, 500],
        ["cut"],
        ["cut", "cut", 500, "cut"],
        ["stalls"],
        ["cut", "ignores ranges"],
        ["cut", 503, "stalls", "cut", 500],
        ["page"],
    ],
    ids=str,
)
def test_a_bad_server_still_gives_the_file(get, server, tmp_path, plays):
    done, lines = get(plays)
    assert done
    whole(tmp_path)
    assert len(lines) == len([p for p in plays if p != "ignores ranges"])


def test_a_cut_connection_is_continued_where_it_broke(get, server, tmp_path):
    get(["cut"])
    assert server.asked == [None, f"bytes={KEPT}-"]


def test_a_length_that_lies_is_found_by_the_end_of_the_tar(get, tmp_path):
    """The server says that the short file is whole; the checksum or the tar's own end contradicts."""
    for play in ("too short", "too long"):
        done, lines = get([play], checksum=("sha1", sha1(DATA).hexdigest()))
        assert done and "sha1" in lines[0]
        whole(tmp_path)
        (tmp_path / "H_COMEPHORE_202301.tar").unlink()


def test_a_tar_that_ends_within_a_member_is_found_without_a_checksum(get, server, tmp_path):
    server.data = DATA[:600_000]
    with pytest.raises(ScaleAdaptError, match=r"no whole tar|cut off"):
        get(tries=2)
    assert not list(tmp_path.iterdir())


def test_a_half_file_never_has_the_final_name_and_the_next_call_continues_it(get, server, tmp_path):
    with pytest.raises(ScaleAdaptError, match=r"500 .* after 3 tries.*kept in .*\.part"):
        get(["cut", 500, 500, 500], tries=3)
    assert not (tmp_path / "H_COMEPHORE_202301.tar").exists()
    assert (tmp_path / "H_COMEPHORE_202301.tar.part").read_bytes() == DATA[:KEPT]
    server.asked.clear()
    assert get()[0]
    assert server.asked == [f"bytes={KEPT}-"]
    whole(tmp_path)


def test_a_part_that_is_whole_already_is_taken(get, tmp_path):
    (tmp_path / "H_COMEPHORE_202301.tar.part").write_bytes(DATA)
    assert get(["whole is there"])[0]
    whole(tmp_path)


def test_a_part_of_another_file_is_thrown_away(get, tmp_path):
    (tmp_path / "H_COMEPHORE_202301.tar.part").write_bytes(b"y" * (len(DATA) + 7))
    assert get(["whole is there"])[0]
    whole(tmp_path)


def test_a_wrong_checksum_every_time_is_an_error_and_leaves_nothing(get, tmp_path):
    with pytest.raises(ScaleAdaptError, match=r"the sha1 is .* the catalogue says 00"):
        get(checksum=("sha1", "00"))
    assert not list(tmp_path.iterdir())


def test_a_file_that_does_not_exist_is_not_asked_for_twice(get, server):
    with pytest.raises(ScaleAdaptError, match="404"):
        get([404, 404])
    assert len(server.asked) == 1


ANSWER = {
    "resources": [
        {"title": "Documentation", "format": "pdf", "url": "http://x/doc.pdf"},
        {
            "title": "H_COMEPHORE_202301",
            "format": "tar",
            "url": "http://x/a/H_COMEPHORE_202301.tar",
            "filesize": 7,
            "checksum": {"type": "SHA1", "value": "AB"},
        },
        {"title": "H_COMEPHORE_202302", "format": "tar", "url": "http://x/b", "filesize": None, "checksum": None},
    ]
}


def test_the_catalogue_is_read_by_title_and_documents_are_passed_over():
    assert parse(ANSWER) == {
        "202301": Resource("202301", "http://x/a/H_COMEPHORE_202301.tar", 7, ("sha1", "ab")),
        "202302": Resource("202302", "http://x/b"),
    }


@pytest.mark.parametrize("answer", [b"<html>", b'{"resources": []}', b"[]", b'{"resources": [3]}'])
def test_a_catalogue_that_is_none_is_named(server, answer):
    server.answer = answer
    with requests.Session() as session, pytest.raises(ScaleAdaptError, match=r"--api http://127.0.0.1"):
        fetch(session, f"{server.address}/api")


def test_the_command_fetches_what_it_can_and_names_what_it_cannot(server, tmp_path, capsys):
    import json

    from anemoi_scaleadapt.commands import main

    entry = {"title": "H_COMEPHORE_202301", "format": "tar", "url": f"{server.address}/H_COMEPHORE_202301.tar"}
    server.answer = json.dumps({"resources": [entry]}).encode()
    server.plays = [500, "cut"]
    command = ["comephore", "download", "--start", "2023-01", "--end", "2023-02", "--to", str(tmp_path / "new")]
    assert main([*command, "--api", f"{server.address}/api", "--pause", "0.01"]) == 2
    assert "202302: not in the catalogue, which has 202301 to 202301" in capsys.readouterr().err
    whole(tmp_path / "new")
    command[5] = "2023-01"
    assert main([*command, "--api", f"{server.address}/api"]) == 0
    assert "all 1 months are there" in capsys.readouterr().out
