"""The package as pip installs it: a wheel with all modules, its entry point and its optional parts."""

import subprocess
import sys
import zipfile

from conftest import BINARY, ROOT


def test_wheel(tmp_path):
    source = tmp_path / "source"
    subprocess.run(["cp", "-r", str(ROOT / "python" / "oxidb"), str(source)], check=True)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(source)]
    subprocess.run(build, check=True)
    (wheel,) = tmp_path.glob("oxidb-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (entries,) = [archive.read(n).decode() for n in names if n.endswith("entry_points.txt")]
        (metadata,) = [archive.read(n).decode() for n in names if n.endswith("METADATA")]
    modules = {p.name for p in (ROOT / "python/oxidb/src/oxidb").iterdir() if p.suffix == ".py"} | {"py.typed"}
    assert {f"oxidb/{m}" for m in modules} <= names
    assert "oxidb = oxidb.alchemy:Dialect" in entries
    assert "Requires-Dist: adbc-driver-flightsql" in metadata and "extra == 'sqlalchemy'" in metadata.replace('"', "'")


BLOCKED = """
import sys

class Missing:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("pandas", "polars", "sqlalchemy", "IPython"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
import oxidb
with oxidb.connect(binary=sys.argv[1]) as db:
    assert db.sql("SELECT 6 * 7").fetchall() == [(42,)]
"""


def test_optional_parts_stay_optional():
    """oxidb must not need pandas, polars, SQLAlchemy or IPython."""
    subprocess.run([sys.executable, "-c", BLOCKED, str(BINARY)], check=True)
