# SPDX-License-Identifier: EUPL-1.2
"""What limits intake, and long runs: the parts limits, stock, catchup and soak."""
import os
import signal
import subprocess
import time

import conf
import consumers
import measure
from broker import Broker
from faults import faults
from world import LATER, ROUND_S, WORK, copy_store, head, make_conf, publish, say

STOCK = "max_inflight_messages 20\nmax_queued_messages 1000\nsys_interval 1"  # mosquitto's own
DROPPED = "$SYS/broker/publish/messages/dropped"
SLOW_MS = 20
SETTLED_S = 3  # nothing more comes after so long
ROWS = 12      # of the course of a soak


def make_hub(broker, name, filters=None, slow=False):
    """A hub of its own, with a store that holds 10 million observations already."""
    folder = make_conf("conf-" + name, "json", broker.port, filters=filters, client=f"bench-{name}-")
    hub = consumers.Hub(folder, copy_store("data-" + name))
    return slowed(hub, slow)


def make_sink(broker, mode, slow=False):
    name = mode + ("-slow" if slow else "")
    sink = consumers.Sink(mode, broker.port, "city/#", WORK, name)
    return slowed(sink, slow)


def slowed(consumer, slow):
    if slow:
        consumer.environment = faults(sync_ms=SLOW_MS)
    return consumer


# --- a backlog: all messages wait at the broker, then one after the other takes them ---

def take_backlog(broker, consumer, count):
    """Messages/s."""
    consumer.run(broker, count)
    return count / consumer.seconds


def share_backlog(broker, hubs, count):
    """All at the same time; the broker deals the messages out to them. Messages/s."""
    cursors = [measure.Cursor(hub.data) for hub in hubs]
    aim = sum(cursor.read() for cursor in cursors) + count
    os.kill(broker.process.pid, signal.SIGSTOP)
    try:
        for hub in hubs:
            hub.start()
    finally:
        os.kill(broker.process.pid, signal.SIGCONT)
    begin = time.monotonic()
    measure.wait_until(lambda: sum(cursor.read() for cursor in cursors) >= aim, 600, 0.02)
    seconds = time.monotonic() - begin
    for hub, cursor in zip(hubs, cursors):
        hub.stop()
        cursor.close()
    return count / seconds


def limits_of_backlogs(options):
    count = 50_000 if options.quick else 200_000
    head(f"limits: {count} messages of 240 bytes wait at the broker, 1,000 in flight")
    with Broker(persistent=False) as broker:
        takers = {"no-op sink": make_sink(broker, "noop"),
                  "inbox alone": make_sink(broker, "inbox"),
                  "inbox alone, syncs of 20 ms": make_sink(broker, "inbox", slow=True),
                  "hub": make_hub(broker, "hub"),
                  "hub, 2 connections": make_hub(broker, "two", conf.shares(2)),
                  "hub, 4 connections": make_hub(broker, "four", conf.shares(4)),
                  "hub, syncs of 20 ms": make_hub(broker, "slow", slow=True)}
        pair = [make_hub(broker, f"pair{k}", [["$share/bench/city/#"]]) for k in (1, 2)]
        for consumer in [*takers.values(), *pair]:
            consumer.leave_session()
        rates = {name: [] for name in [*takers, "2 hubs, shared subscription"]}
        for number in range(options.rounds):
            publish(broker, "json", count, LATER + number * ROUND_S)
            for name, consumer in takers.items():
                rates[name].append(take_backlog(broker, consumer, count))
            rates["2 hubs, shared subscription"].append(share_backlog(broker, pair, count))
    for name, of_rounds in rates.items():
        ratio = measure.median([a / b for a, b in zip(of_rounds, rates["no-op sink"])])
        say(name + ", messages/s", f"{measure.median(of_rounds):.0f}", f"{ratio:.2f} of the no-op sink")
    threads = sorted(takers["hub"].threads_us.items(), key=lambda item: -item[1])
    print("  hub, CPU us a message by thread (kogge: main, its start): "
          + ", ".join(f"{name} {us:.1f}" for name, us in threads if us > 0.05))


# --- live: the hub is at work while the messages come ---

class Live:
    """A hub, and a publisher beside it. After run: sent, seconds (of sending), taken and
    cpu_us (meanwhile), stored (in the end), dropped (by the broker: its queue was full);
    look is called with the seconds every second."""

    def __init__(self, broker, hub):
        self.broker, self.hub = broker, hub
        self.sent = self.taken = self.stored = self.dropped = 0
        self.seconds = self.cpu_us = 0.0

    def run(self, count, rate, look=lambda seconds: None):
        self.hub.start()
        self.hub.wait_connected()
        self.inbox, self.cursor = measure.Inbox(self.hub.data), measure.Cursor(self.hub.data)
        dropped = self.watch_dropped()
        first, before_us = self.inbox.read(), measure.cpu_us(self.hub.process.pid)
        begin = time.monotonic()
        publisher = subprocess.Popen([str(consumers.BIN / "tests" / "bench_publish"), str(self.broker.port),
                                      "json", str(count), str(LATER), str(rate)])
        while publisher.poll() is None:
            look(time.monotonic() - begin)
            self.wait(publisher)
        if publisher.returncode != 0:
            raise RuntimeError("bench_publish failed")
        self.seconds = time.monotonic() - begin
        self.sent, self.taken = count, self.inbox.read() - first
        self.cpu_us = measure.cpu_us(self.hub.process.pid) - before_us
        self.settle()
        self.stored = self.cursor.read() - first
        dropped.terminate()
        self.dropped = int((["0"] + dropped.communicate()[0].split())[-1])
        self.inbox.close()
        self.cursor.close()
        self.hub.stop()

    def watch_dropped(self):
        """The broker tells its count when it has changed, and forgets that after a minute."""
        return subprocess.Popen(["mosquitto_sub", "-p", str(self.broker.port), "-t", DROPPED],
                                stdout=subprocess.PIPE, text=True)

    def say_lost(self):
        lost = self.sent - self.stored
        say("messages that have a PUBACK and are not stored", str(lost), "0")
        say("of them dropped by the broker, whose queue was full", str(self.dropped), "all")
        if lost != self.dropped:
            raise SystemExit(f"the hub has lost {lost - self.dropped} messages")

    @staticmethod
    def wait(publisher):
        try:
            publisher.wait(1)
        except subprocess.TimeoutExpired:
            pass

    def lag(self):
        return self.inbox.read() - self.cursor.read()

    def settle(self):
        """Until nothing comes any more and all is stored."""
        last, since = -1, time.monotonic()
        while time.monotonic() - since < SETTLED_S:
            now = self.cursor.read()
            if now != last or self.lag() > 0:
                last, since = now, time.monotonic()
            time.sleep(0.05)


def run_live(name, settings, count, rate, slow=False):
    with Broker(settings, persistent=False) as broker:
        live = Live(broker, make_hub(broker, name, slow=slow))
        live.run(count, rate)
        return live


def limits_of_windows(options):
    seconds = 5 if options.quick else 20
    head(f"limits: {seconds} s of more messages than it can take; what stock mosquitto (20 in flight, "
         "1,000 queued) cannot keep, it drops")
    for name, settings, slow, rate, target in (
            ("hub, 1,000 in flight", "", False, 50_000, ""),
            ("hub, 1,000 in flight, syncs of 20 ms", "", True, 20_000, ""),
            ("hub, stock broker", STOCK, False, 20_000, ""),
            ("hub, stock broker, syncs of 20 ms", STOCK, True, 10_000, "at least 500")):
        live = run_live("live", settings, seconds * rate, rate, slow)
        say(name + ", messages/s", f"{live.taken / live.seconds:.0f}", target)


def part_limits(options):
    limits_of_backlogs(options)
    limits_of_windows(options)


def part_stock(options):
    seconds = options.seconds or (10 if options.quick else 60)
    head(f"stock: 2,000 messages/s for {seconds} s, 20 in flight, 1,000 queued")
    live = run_live("stock", STOCK, 2000 * seconds, 2000)
    say("messages/s sent", f"{live.sent / live.seconds:.0f}", "2000")
    live.say_lost()


# --- long runs ---

def quarters(values):
    """Medians of the four quarters."""
    size = max(1, len(values) // 4)
    return [measure.median(values[k * size:(k + 1) * size]) for k in range(4)]


def part_catchup(options):
    count = 100_000 if options.quick else 1_000_000
    head(f"catchup: {count} messages wait, in a store of 10 million observations")
    with Broker(persistent=False) as broker:
        sink, hub = make_sink(broker, "noop"), make_hub(broker, "catchup")
        sink.leave_session()
        hub.leave_session()
        publish(broker, "json", count, LATER)
        noop = take_backlog(broker, sink, count)
        rate = take_backlog(broker, hub, count)
    say("no-op sink, messages/s", f"{noop:.0f}")
    say("hub, messages/s", f"{rate:.0f}")
    say("hub / no-op sink", f"{rate / noop:.2f}", "at least 0.35")
    say("highest RSS, MiB", f"{hub.rss_mib:.1f}", "at most 48")
    say("RSS by quarters, MiB", " ".join(f"{mib:.1f}" for mib in quarters(hub.course_mib)), "flat")


def part_soak(options):
    seconds = options.seconds or (60 if options.quick else 1800)
    head(f"soak: 500 messages/s for {seconds} s, stock broker")
    course = []
    with Broker(STOCK, persistent=False) as broker:
        live = Live(broker, make_hub(broker, "soak"))

        def look(at_s):
            pid = live.hub.process.pid
            course.append((at_s, measure.rss_mib(pid), measure.descriptors(pid), live.lag(),
                           measure.size_of(live.hub.data / "inbox.db-wal") / 1e6))
            if at_s >= len(shown) * seconds / ROWS:
                shown.append(course[-1])
                print("  {:>8.0f} {:>9.1f} {:>12} {:>13} {:>8.1f}".format(*(
                    "-" if value is None else value for value in course[-1])), flush=True)

        shown = []
        print("    second   RSS MiB  descriptors  messages lag   WAL MB")
        live.run(500 * seconds, 500, look)
    print_course(live, course)


def print_course(live, course):
    _, rss_mib, descriptors, lag, _ = zip(*course)
    seen = [count for count in descriptors if count is not None]
    say("CPU, of one core", f"{live.cpu_us / live.seconds / 1e4:.1f} %")
    say("RSS by quarters, MiB", " ".join(f"{mib:.1f}" for mib in quarters(rss_mib)), "flat")
    say("descriptors, least and most", f"{min(seen)} {max(seen)}" if seen else "-", "flat")
    say("messages behind, by quarters", " ".join(f"{n:.0f}" for n in quarters(lag)), "flat")
    say("most messages behind", str(max(lag)))
    live.say_lost()
