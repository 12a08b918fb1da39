"""What stands in front of lines, and what they say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpush.deploy.explain.line_prefix import body, read_line


@pytest.mark.parametrize(
    ("line", "stream", "text"),
    [
        ("[api] [2025-03-11 09:31:01] │ web:test:  ✓ refuses a guest", "api/web:test", " ✓ refuses a guest"),
        ("2025-03-11T09:31:02.000001+00:00 app[web.1]: Error: no table", "web.1", "Error: no table"),
        ("2025-03-11T10:02:15Z app[3d8d] ams [info]10:02:15.120 [error] x", "3d8d", "[error] x"),
        ("2025-03-11T01:16:02.1+0000 [APP/PROC/WEB/0] STDERR Traceback", "APP/PROC/WEB/0", "Traceback"),
        ("api 2025-03-11T09:31:01.000000000Z [warn] KEY not set", "api", "[warn] KEY not set"),
        ("2025-03-11T09:31:33Z api-new Error: gone", "api-new", "Error: gone"),
        ("web-1  | Unhandled exception. X", "web-1", "Unhandled exception. X"),
        ("component api: container exited with code 1", "api", "container exited with code 1"),
        ("remote:  !     Push rejected", "", " !     Push rejected"),
        ("12:51:10 PM: Using ruby version 2.6.2", "", "Using ruby version 2.6.2"),
        ("[13:54:51.210] Error: too large", "", "Error: too large"),
        ("#13 0.456 MSBUILD : error MSB1011: x", "#13", "MSBUILD : error MSB1011: x"),
        ('Step #2 - "Deploy": failed', "Step #2", "failed"),
        ("@acme/web: error x", "@acme/web", "error x"),
        ("packages/web build: Failed", "packages/web build", "Failed"),
        ("2025-03-11T20:10:11.1234567Z ##[error]Process completed", "", "Process completed"),
        ("build\tRun tests\t2025-03-11T20:10:11.1Z FAILED a", "", "FAILED a"),
        ("Mar 11 09:31:01 host shop[12]: boom", "shop", "boom"),
        (
            "  Warning  Unhealthy  3m (x3 over 4m)   kubelet  Readiness probe failed",
            "",
            " Readiness probe failed",
        ),
        ("travis_time:end:1\rThe command", "", "The command"),
        ("[ERROR] shop.PriceTest", "", "[ERROR] shop.PriceTest"),
        ("[vite:css] expected {", "", "[vite:css] expected {"),
        ("    at Object.<anonymous> (/a.js:1:2)", "", "    at Object.<anonymous> (/a.js:1:2)"),
        ('    "textPayload": "Error: \\"x\\" is gone",', "", 'Error: "x" is gone'),
    ],
)
def test_what_stands_in_front_of_a_line_is_taken_off(line: str, stream: str, text: str) -> None:
    said = read_line(line)
    assert (said.stream, said.text) == (stream, text)


@pytest.mark.parametrize(
    ("document", "text", "level"),
    [
        ({"level": 50, "msg": "boom", "err": {"stack": "Error: gone\n at x"}}, "Error: gone: boom", "error"),
        ({"LogLevel": "Critical", "Message": "down", "Exception": "A.B: c"}, "A.B: c: down", "critical"),
        ({"log": "2025-03-11T09:31:02Z Error: x\n", "stream": "stderr"}, "Error: x", ""),
        ({"severity": "WARNING", "message": "slow"}, "slow", "warning"),
    ],
)
def test_a_structured_line_is_read_by_its_message(document: dict[str, object], text: str, level: str) -> None:
    said = read_line(f"2025-03-11T09:31:02Z {json.dumps(document)}")
    assert (said.text, said.level) == (text, level)


def test_a_structured_line_without_a_message_stays() -> None:
    assert body('{"a": 1}') == '{"a": 1}'
    assert body('{"msg": "cut o') == '{"msg": "cut o'
    assert read_line('time="2025-03-11T09:00:00Z" level=warning msg="The \\"A\\" is"').text == 'The "A" is'


@given(st.text(alphabet='ab[]:|#│ \t\r{}"0123456789-TZ.', max_size=60))
def test_what_a_line_says_is_its_end_and_needs_no_second_look(line: str) -> None:
    said = body(line)
    if not line.lstrip().startswith(("{", '"')) and "{" not in line and '"' not in line:
        assert line.endswith(said) or "\r" in line
    assert body(said) == said or "\r" in line
