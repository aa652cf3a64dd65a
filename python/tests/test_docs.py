"""The Python code of the pages runs as it stands."""

import re

from conftest import BINARY, ROOT, Server
from IPython.core.interactiveshell import InteractiveShell


def test_connect_page():
    page = (ROOT / "docs/how-to/connect.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(blocks) >= 4
    server = Server("--db", ":memory:")
    for block in blocks:
        assert "grpc://127.0.0.1:8815" in block
        exec(compile(block.replace("grpc://127.0.0.1:8815", server.uri), "connect.md", "exec"), {})
    assert server.stop() == 0


def test_python_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OXIDB_BINARY", str(BINARY))
    page = (ROOT / "docs/how-to/python.md").read_text()
    server = Server("--db", ":memory:")
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(blocks) >= 7
    for block in blocks:
        exec(compile(block.replace("127.0.0.1:8815", server.address), "python.md", "exec"), {"__name__": "python.md"})
    assert server.stop() == 0
    shell = InteractiveShell()
    shell.user_ns["hidden"] = "/none"
    cells = re.findall(r"```ipython\n(.*?)```", page, re.S)
    results = [shell.run_cell(cell, store_history=False) for cell in cells]
    assert all(r.success for r in results)
    assert results[-1].result.fetchall() == [("/", 1)]
    shell.run_line_magic("sql", "--close")
    shell.history_manager.end_session()


def test_package_readme(monkeypatch):
    monkeypatch.setenv("OXIDB_BINARY", str(BINARY))
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "python/oxidb/README.md").read_text(), re.S)
    exec(compile(block, "README.md", "exec"), {})


def test_readme():
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    server = Server("--db", ":memory:")
    with server.connect(autocommit=True) as c, c.cursor() as cur:
        cur.execute("CALL tpch_dbgen(sf => 0.01)")
    exec(compile(block.replace("grpc://127.0.0.1:8815", server.uri), "README.md", "exec"), {})
    assert server.stop() == 0
