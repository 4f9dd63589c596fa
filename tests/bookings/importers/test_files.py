"""Opening files: compressed, encoded, large, damaged."""

import gzip
import json

import pytest

from bookings.importers import files
from bookings.importers.files import SourceFile, csv_columns, csv_records, json_records
from bookings.importers.rows import NotStations


def written(tmp_path, content: bytes) -> SourceFile:
    path = tmp_path / "file"
    path.write_bytes(content)
    return SourceFile(path)


def values(tmp_path, text: str) -> list[object]:
    return [value for _number, value in json_records(written(tmp_path, text.encode()))]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_gzip_is_known_by_its_first_bytes(tmp_path, pack):
    file = written(tmp_path, pack(b'[{"a": 1}, 2]'))
    assert list(json_records(file)) == [(1, {"a": 1}), (2, 2)]
    assert file.percent == 100


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_found_out(tmp_path, encoding):
    file = written(tmp_path, "name,city\nCafé,Köln\n".encode(encoding))
    assert csv_columns(file) == ["name", "city"]
    assert list(csv_records(file)) == [(2, {"name": "Café", "city": "Köln"})]


def test_lists_are_found_in_envelopes_wherever_they_stand(tmp_path):
    assert values(tmp_path, '{"data": [1, 2], "status_code": 1000}') == [1, 2]
    assert values(tmp_path, '{"status_code": 1000, "x": {"data": [9]}, "data": [ ]}') == []
    assert values(tmp_path, '{"status_code": 1000, "data": {"id": "1"}}') == [{"id": "1"}]
    assert values(tmp_path, '{"id": "1"}') == [{"id": "1"}]
    assert values(tmp_path, "12") == [12]


def test_json_is_read_across_the_ends_of_buffers(tmp_path, monkeypatch):
    records = [{"n": number, "text": "ä" * number, "list": [1.5, None, True]} for number in range(40)]
    for chunk in (1, 2, 3, 7, 64):
        monkeypatch.setattr(files, "CHUNK", chunk)
        assert values(tmp_path, json.dumps({"status": 12, "data": records})) == records


def test_a_large_list_is_never_in_memory_as_a_whole(tmp_path):
    record = json.dumps({"text": "x" * 1000})
    source = json_records(written(tmp_path, f"[{','.join([record] * 3000)}]".encode()))
    scanner_held = 0
    for _number, _value in source:
        frame = source.gi_frame
        scanner_held = max(scanner_held, len(frame.f_locals["scanner"]._buffer))
    assert scanner_held <= 4 * files.CHUNK


@pytest.mark.parametrize("text", ["", "{", "[1, 2", "[1 2]", '{"data": [1}', "[" * 100_000, "[" + "9" * 5000 + "]"])
def test_damaged_json_is_one_sentence(tmp_path, text):
    with pytest.raises(NotStations, match="no JSON, or it is damaged"):
        values(tmp_path, text)


def test_rows_keep_their_lines(tmp_path):
    content = 'a;b\n1;2\n\n"two\nlines";3\n4\n5;6;7\n'
    rows = list(csv_records(written(tmp_path, content.encode())))
    assert rows[0] == (2, {"a": "1", "b": "2"})
    assert rows[1] == (5, {"a": "two\nlines", "b": "3"})
    assert rows[2] == (6, {"a": "4", "b": ""})
    assert (rows[3][0], rows[3][1].reason) == (7, "more cells than columns")


def test_a_quotation_that_never_ends_spoils_its_row_only(tmp_path):
    content = "a,b\n1,2\n" + '"' + "x" * 140_000 + "\n3,4\n"
    rows = list(csv_records(written(tmp_path, content.encode())))
    assert rows[0] == (2, {"a": "1", "b": "2"})
    assert rows[1][1].reason == "a row that cannot be read"


def test_of_two_columns_with_one_name_the_first_counts(tmp_path):
    assert list(csv_records(written(tmp_path, b"a,b,a\n1,2,3\n"))) == [(2, {"a": "1", "b": "2"})]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04rest", "is a zip archive: unpack it first"),
        (gzip.compress(b"[1, 2, 3]" * 1000)[:-20], "cannot be read"),
        (b"\x1f\x8bnot gzip at all", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is_written(tmp_path, content, sentence):
    with pytest.raises(NotStations, match=sentence):
        written(tmp_path, content)


def test_no_file_and_no_right_are_sentences(tmp_path):
    with pytest.raises(NotStations, match="No such file"):
        SourceFile(tmp_path / "nothing.csv")
    with pytest.raises(NotStations, match="Is a directory"):
        SourceFile(tmp_path)
