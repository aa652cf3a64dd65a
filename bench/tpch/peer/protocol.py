"""What every peer of the benchmark speaks: a JSON object a line in, one out.

A peer is a file NAME_peer.py beside this one with a class that serve() is called with:

    Peer(threads)             imports the engine and limits it to so many threads
    version, note, stores     the engine's version; what a reader of figures must know; whether it keeps tables on disk
    load(directory, tables)   fills storage of its own in a new directory; only when stores is true
    open(directory, tables)   opens that storage; an engine without takes the files into memory
    attach(tables)            makes each table a view of its Parquet file
    query(sql)                the whole result as a pyarrow Table

A table is {"name", "path", "ddl"}: its name, a Parquet file and a CREATE TABLE with primary key. The program is started
with the number of threads. It first says {"engine", "version", "threads", "stores", "note"}, or {"missing": reason} when
the engine is not installed. Then it answers

    {"do": "load" | "open", "directory": D, "tables": T}    {"millis": M}
    {"do": "attach", "tables": T}                           {"millis": M}
    {"do": "run", "sql": S, "result": FILE or absent}       {"millis": M, "rows": N}, time of plan, execution and the result as Arrow,
                                                            which afterwards is written to FILE as Arrow IPC
    {"do": "quit"}                                          {} and ends

and what else the class offers as do_NAME(request). A failure is {"error": message}.
"""
import json
import os
import sys
import time


def millis(start):
    return round((time.perf_counter() - start) * 1000, 3)


def run(peer, request):
    import pyarrow

    start = time.perf_counter()
    table = peer.query(request["sql"])
    answer = {"millis": millis(start), "rows": table.num_rows}
    if request.get("result"):
        with pyarrow.OSFile(request["result"], "wb") as file, pyarrow.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    return answer


def answer(peer, request):
    what = request["do"]
    if what == "run":
        return run(peer, request)
    start = time.perf_counter()
    if what in ("load", "open"):
        getattr(peer, what)(request["directory"], request.get("tables"))
    elif what == "attach":
        peer.attach(request["tables"])
    elif hasattr(peer, "do_" + what):
        return getattr(peer, "do_" + what)(request)
    else:
        raise ValueError(f"no such command: {what}")
    return {"millis": millis(start)}


def serve(make):
    """Speaks the protocol on standard input and output, which the engine itself cannot write to."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(**message):
        print(json.dumps(message), file=out, flush=True)

    threads = int(sys.argv[1])
    try:
        peer = make(threads)
    except ImportError as error:
        say(missing=str(error))
        return
    say(engine=peer.name, version=peer.version, threads=threads, stores=peer.stores, note=peer.note)
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "quit":
            break
        try:
            say(**answer(peer, request))
        except BaseException as error:  # the other side decides what a failure means; Rust's panics are no Exception
            say(error=f"{type(error).__name__}: {error}")
    peer.close()
    say()
    out.flush()
    os._exit(0)  # engines' threads and exit handlers have nothing left to do
