"""The Python code of the pages runs as it stands."""

import re

from conftest import ROOT, Server


def test_connect_page():
    page = (ROOT / "docs/how-to/connect.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(blocks) >= 4
    server = Server("--db", ":memory:")
    for block in blocks:
        assert "grpc://127.0.0.1:8815" in block
        exec(compile(block.replace("grpc://127.0.0.1:8815", server.uri), "connect.md", "exec"), {})
    assert server.stop() == 0


def test_readme():
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    server = Server("--db", ":memory:")
    with server.connect(autocommit=True) as c, c.cursor() as cur:
        cur.execute("CALL tpch_dbgen(sf => 0.01)")
    exec(compile(block.replace("grpc://127.0.0.1:8815", server.uri), "README.md", "exec"), {})
    assert server.stop() == 0
