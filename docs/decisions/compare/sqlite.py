"""Ways to store chunks of 160 bytes in SQLite, with the service's settings: WAL, and a sync with each commit."""

import os
import queue
import sqlite3
import statistics
import tempfile
import threading
import time

CALLS, CHUNKS, AUDIO = 1000, 90_000, b"\x55" * 160
TOGETHER = 90
KEY = "call BLOB, track INTEGER, sequence INTEGER, data BLOB, PRIMARY KEY (call, track, sequence)"


def connect(folder):
    database = sqlite3.connect(folder + "/test.db", isolation_level=None, timeout=60, check_same_thread=False)
    for pragma in ["journal_mode = WAL", "synchronous = FULL", "cache_size = -8192"]:
        database.execute("PRAGMA " + pragma)
    return database


def chunks():
    """Frames of all calls in turn, as live calls send them."""
    names = [os.urandom(16) for _ in range(CALLS)]
    return [(names[number % CALLS], 0, number // CALLS, AUDIO) for number in range(CHUNKS)]


def transactions(database, rows, insert):
    for first in range(0, len(rows), TOGETHER):
        database.execute("BEGIN IMMEDIATE")
        insert(rows[first : first + TOGETHER])
        database.execute("COMMIT")


def by_key(database, rows):
    database.execute(f"CREATE TABLE chunk ({KEY}) WITHOUT ROWID")
    transactions(database, rows, lambda some: database.executemany("INSERT INTO chunk VALUES (?, ?, ?, ?)", some))


def by_arrival(database, rows):
    database.execute(f"CREATE TABLE chunk ({KEY})")
    transactions(database, rows, lambda some: database.executemany("INSERT INTO chunk VALUES (?, ?, ?, ?)", some))


def journal(database, rows):
    """A row for each transaction; the chunks move in rows of up to 64 once 8 MiB of them wait."""
    database.execute("CREATE TABLE journal (id INTEGER PRIMARY KEY, data BLOB)")
    database.execute(f"CREATE TABLE chunk ({KEY})")
    waiting, closed, size = {}, [], 0

    def insert(some):
        nonlocal waiting, closed, size
        data = b"".join(call + bytes(24) + audio for call, _, _, audio in some)
        database.execute("INSERT INTO journal (data) VALUES (?)", (data,))
        for call, track, sequence, audio in some:
            waiting.setdefault((call, track), []).append((sequence, audio))
            size += len(audio)
        if size >= 8 << 20 and not closed:
            closed, waiting, size = sorted(waiting.items()), {}, 0
        moved = 0
        while closed and moved < 256 << 10:
            (call, track), kept = closed.pop()
            for first in range(0, len(kept), 64):
                data = b"".join(audio for _, audio in kept[first : first + 64])
                database.execute("INSERT INTO chunk VALUES (?, ?, ?, ?)", (call, track, kept[first][0], data))
                moved += len(data)
            if not closed:
                database.execute("DELETE FROM journal")

    transactions(database, rows, insert)


def each_its_own(folder, rows, threads):
    """Every thread has a connection, and commits each of its rows."""

    def work(rows):
        database = connect(folder)
        for row in rows:
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT INTO chunk VALUES (?, ?, ?, ?)", row)
            database.execute("COMMIT")

    running = [threading.Thread(target=work, args=(rows[part::threads],)) for part in range(threads)]
    [thread.start() for thread in running]
    [thread.join() for thread in running]


def one_writer(folder, rows, threads):
    """The threads queue their rows and wait; one writer commits all that wait."""
    database, waiting = connect(folder), queue.SimpleQueue()

    def ask(rows):
        for row in rows:
            done = threading.Event()
            waiting.put((row, done))
            done.wait()

    def write(left):
        while left:
            some = [waiting.get()]
            while not waiting.empty():
                some.append(waiting.get())
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO chunk VALUES (?, ?, ?, ?)", [row for row, _ in some])
            database.execute("COMMIT")
            [done.set() for _, done in some]
            left -= len(some)

    running = [threading.Thread(target=ask, args=(rows[part::threads],)) for part in range(threads)]
    running.append(threading.Thread(target=write, args=(len(rows),)))
    [thread.start() for thread in running]
    [thread.join() for thread in running]


def written():
    """Bytes that this process has given to the disk, where Linux counts them."""
    with open("/proc/self/io") as counters:
        return int(dict(line.split(": ") for line in counters)["write_bytes"])


def main():
    rows, found = chunks(), {}
    for _ in range(3):
        for way in [by_key, by_arrival, journal]:
            with tempfile.TemporaryDirectory(dir=".") as folder:
                database, begun, before = connect(folder), time.monotonic(), written()
                way(database, rows)
                figures = (CHUNKS / (time.monotonic() - begun), (written() - before) / CHUNKS)
                found.setdefault(way.__name__, []).append(figures)
        for threads in [1, 8, 100]:
            for way, some in [(each_its_own, rows[:3000]), (one_writer, rows[:9000])]:
                with tempfile.TemporaryDirectory(dir=".") as folder:
                    connect(folder).execute(f"CREATE TABLE chunk ({KEY})")
                    begun, before = time.monotonic(), written()
                    way(folder, some, threads)
                    figures = (len(some) / (time.monotonic() - begun), (written() - before) / len(some))
                    found.setdefault(f"{way.__name__}, {threads} threads", []).append(figures)
    for way, figures in found.items():
        speeds, sizes = zip(*figures)
        print(f"{way}: {min(speeds):,.0f} to {max(speeds):,.0f} a second, {statistics.median(sizes):,.0f} bytes each")


main()
