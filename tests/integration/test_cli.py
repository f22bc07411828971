#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The command line as operators and their scripts have it: help, manual page, completion,
names that are nearly right, streams, JSON, exit codes, a terminal or none."""
import json
import os
import pty
import re
import select
import shutil
import subprocess
import unittest

import broker as brokers
from kogge import (PROGRAM, Folder, Hub, device, environment, kogge, source, station,
                   temporary)
from mqtt_wire import Publisher

ESCAPE = "\x1b"


def table_of_verbs():
    """(verb, sub-verb or None) of all that --help lists."""
    listed = kogge("--help").out.split("Verbs:\n")[1].split("\n\n")[0]
    return [line.split("  ")[1].strip() for line in listed.splitlines()]


VERBS = [tuple(v.split()) for v in table_of_verbs()]


class Help(unittest.TestCase):
    def test_all_verbs_of_the_model_are_there(self):
        for verb in ("run", "check", "try", "status", "trace", "dump", "export", "publish",
                     "cities new", "devices list", "devices pending", "devices new",
                     "rejected list", "rejected show", "conflicts list", "reload", "calc",
                     "calc list", "convert", "qc", "qc thresholds", "grids", "grids gaps",
                     "grids main", "grids events", "calibrate", "maintenance", "flag"):
            self.assertIn(tuple(verb.split()), VERBS)

    def test_examples_come_right_after_the_summary(self):
        for verb in VERBS:
            with self.subTest(verb):
                done = kogge(*verb, "--help")
                self.assertEqual((done.code, done.err), (0, ""))
                lines = done.out.splitlines()
                self.assertEqual(lines[1:3], ["", "Examples:"])
                self.assertTrue(lines[3].startswith("  ") and "kogge " + verb[0] in lines[3])
                self.assertIn("Usage: kogge " + " ".join(verb), done.out)
                self.assertLessEqual(max(len(line) for line in lines if "kogge" not in line), 100)

    def test_every_option_of_an_example_is_known(self):
        for verb in VERBS:
            text = kogge(*verb, "--help").out
            examples = text.split("Examples:\n")[1].split("\n\n")[0]
            for line in examples.splitlines():
                for option in re.findall(r"(?<= )--[a-z-]+", line.split("kogge", 1)[1]):
                    self.assertRegex(text, rf"\n  {option}\b", line)

    def test_help_of_the_program(self):
        self.assertEqual(kogge("--help").code, 0)
        self.assertEqual(kogge("-h").out, kogge("help").out)
        self.assertRegex(kogge("--version").out, r"^kogge \d+\.\d+\.\d+\n$")
        nothing = kogge()
        self.assertEqual((nothing.code, nothing.out), (2, ""))
        self.assertIn("Verbs:", nothing.err)

    def test_the_manual_page_is_clean_and_whole(self):
        page = kogge("help", "--man").out
        self.assertEqual(page, kogge("--man").out)
        if shutil.which("mandoc"):
            command = ["mandoc", "-Tlint", "-Wwarning"]
        else:
            command = ["groff", "-man", "-ww", "-z", "-Kutf8"]
        done = subprocess.run(command, input=page.encode(), capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))
        text = page.replace("\\-", "-")
        for verb in VERBS:
            self.assertIn(".SS kogge " + " ".join(verb), text)
            for option in re.findall(r"\n  (--[a-z-]+)", kogge(*verb, "--help").out):
                self.assertIn(option, text)
        self.assertIn("6 locked", text)

    def complete(self, *words):
        script = ('source <("$1" --completion bash) || exit 9; shift; COMP_WORDS=("$@"); '
                  'COMP_CWORD=$(($# - 1)); _kogge; printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script, "bash", PROGRAM, *words],
                              capture_output=True, check=False, env=environment())
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout.decode().split()

    def test_completion_in_bash(self):
        self.assertEqual(set(self.complete("kogge", "")), {v[0] for v in VERBS})
        self.assertEqual(self.complete("kogge", "sta"), ["status"])
        self.assertIn("--topic", self.complete("kogge", "try", "--"))
        self.assertEqual(self.complete("kogge", "devices", "pen"), ["pending"])
        words = self.complete("kogge", "devices", "")
        self.assertEqual(len(words), len(set(words)), words)


class Names(unittest.TestCase):
    def check(self, arguments, near):
        done = kogge(*arguments)
        self.assertEqual((done.code, done.out), (2, ""), arguments)
        self.assertIn(near, done.err)
        self.assertEqual(done.err.count("\n"), 1, done.err)

    def test_what_is_nearly_right_is_named(self):
        self.check(["statsu"], "status")
        self.check(["devises", "pending"], "devices")
        self.check(["devices", "pendign"], "pending")
        self.check(["status", "--jsno"], "--json")
        self.check(["try", "--topik", "x"], "--topic")
        self.check(["check", "--explain", "source.brokr"], "broker")
        self.check(["--versoin"], "--version")

    def test_what_is_not_near_points_to_the_help(self):
        self.check(["frobnicate"], "--help")
        self.check(["status", "--frobnicate"], "--help")

    def test_wrong_use_is_2(self):
        for arguments in (["status", "x"], ["trace"], ["trace", "a", "b"], ["try", "--at"],
                          ["publish", "--once=yes"], ["rejected", "list", "--most", "many"],
                          ["rejected", "show"], ["trace", "a", "b", "noon"], ["dump", "--json"],
                          ["cities", "new"], ["status", "--config"]):
            done = kogge(*arguments)
            self.assertEqual((done.code, done.out), (2, ""), arguments)
            self.assertTrue(done.err.startswith("kogge"), done.err)

    def test_values_may_be_attached_and_arguments_follow_two_dashes(self):
        self.assertEqual(kogge("check", "--explain=source.broker").code, 0)
        self.assertEqual(kogge("rejected", "show", "--", "-5").code, 2)

    def test_a_number_below_zero_is_no_option(self):
        for arguments in (["-0.5"], ["--", "-0.5"]):
            done = kogge("convert", *arguments, "degC", "water_temperature")
            self.assertEqual(done.code, 0, done)
            self.assertTrue(done.out.startswith("water_temperature = -0.5 degC\n"), done.out)
        self.assertIn("unknown option -x", kogge("convert", "-x", "degC", "ph").err)


class Codes(unittest.TestCase):
    """Exit codes without a hub."""

    def setUp(self):
        self.root = temporary(self)
        self.folder = Folder(self.root + "/conf", [source("one", 1, ["#"], format="auto")])

    def test_check(self):
        sound = kogge("check", "--config", self.folder.path)
        self.assertEqual((sound.code, sound.out), (0, ""))
        self.assertIn("is sound", sound.err)
        self.assertEqual(kogge("check", "--config", self.folder.path, "--quiet"), (0, "", ""))
        self.folder.put_city("probe", station("kai"))
        model = {"model": "m", "fields": [{"field": "/t", "parameter": "ph"}]}
        self.folder.put_model(model)
        at = [{"station": "kai", "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"},
              {"station": "kai", "from": "2026-03-01T00:00:00Z", "to": None}]
        self.folder.put("cities/probe/device-d.json", {"device": "d", "model": "m", "at": at})
        hole = kogge("check", "--config", self.folder.path)
        self.assertEqual(hole.code, 3)
        self.assertTrue(hole.out.startswith("finding: "), hole.out)
        self.folder.put_model({**model, "fieldz": []})
        faulty = kogge("check", "--config", self.folder.path)
        self.assertEqual(faulty.code, 5)
        self.assertRegex(faulty.out, r"(?m)^devices/m\.json:\d+: /fieldz: .*fields")
        faults = json.loads(kogge("check", "--config", self.folder.path, "--json").out)
        self.assertIsInstance(faults["schema"], int)
        self.assertTrue(any(f["pointer"] == "/fieldz" for f in faults["faults"]))

    def test_check_names_a_file_that_is_not_there(self):
        folder = Folder(self.root + "/other", [
            source("one", 1, ["#"], format="auto", user="hub", password_file="none.pass")])
        done = kogge("check", "--config", folder.path)
        self.assertEqual(done.code, 3, done.err)
        self.assertRegex(done.out, r"finding: hub.json: password_file of one: .*none.pass can't")
        done = kogge("check", "--config", folder.path, "--json")
        self.assertEqual(done.code, 3, done.err)
        finding, = json.loads(done.out)["faults"]
        self.assertTrue(finding["finding"])
        self.assertIn("none.pass", finding["problem"])

    def test_what_is_not_there(self):
        away = self.root + "/nowhere"
        self.assertEqual(kogge("check", "--config", away).code, 5)
        for verb in VERBS:
            if verb[0] in ("run", "check", "try", "help", "restore", "calc", "qc") or \
                    "new" in verb:
                continue
            arguments = {"trace": ["a", "b", "2026-01-01T00:00:00Z"], "rejected show": ["1"],
                         "acl": ["--broker", "mosquitto", "--out", self.root + "/rules"],
                         "backup": [self.root + "/copy"],
                         "import": ["--source", "ttn", __file__],
                         "convert": ["1", "m", "water_level"],
                         "conflicts choose": ["a", "b", "2026-01-01T00:00:00Z", "1"],
                         "calibrate": ["a", "b", "--from", "2026-01-01T00:00:00Z", "--by", "c"],
                         "maintenance": ["a", "--from", "2026-01-01T00:00:00Z",
                                         "--reason", "b"],
                         "flag": ["a", "b", "2026-01-01T00:00:00Z", "-", "4", "c"],
                         "recompute": ["--from", "2026-01-01T00:00:00Z",
                                       "--to", "2026-02-01T00:00:00Z"],
                         }.get(" ".join(verb), ["a", "b"] if verb[0] == "grids" else [])
            done = kogge(*verb, *arguments, "--data", away)
            self.assertEqual((done.code, done.out), (4, ""), verb)
            self.assertEqual(done.err.count("\n"), 1, done.err)

    def test_a_damaged_store_is_a_failure(self):
        os.makedirs(self.root + "/data")
        for name in ("hub.db", "inbox.db"):
            with open(f"{self.root}/data/{name}", "wb") as file:
                file.write(b"no database at all" * 400)
        done = kogge("status", "--data", self.root + "/data")
        self.assertEqual((done.code, done.out), (1, ""))

    def test_new_files_or_what_is_missing(self):
        missing = kogge("cities", "new", "greifswald", "--config", self.folder.path)
        self.assertIn(missing.code, (2, 5))
        self.assertEqual(missing.out, "")
        made = kogge("cities", "new", "greifswald", "--title-de", "Greifswald", "--title-en",
                     "Greifswald", "--key", "130750039039", "--publisher", "Stadt",
                     "--contact-name", "Amt", "--contact-email", "wasser@example.org",
                     "--licence", "dl-by-de/2.0", "--config", self.folder.path, "--data",
                     self.root + "/data")
        self.assertEqual(made.code, 0, made.err)
        self.assertTrue(os.path.isfile(made.out.strip()))
        again = kogge("cities", "new", "greifswald", "--title-de", "Greifswald", "--title-en",
                      "Greifswald", "--key", "130750039039", "--publisher", "Stadt",
                      "--contact-name", "Amt", "--contact-email", "wasser@example.org",
                      "--licence", "dl-by-de/2.0", "--config", self.folder.path)
        self.assertNotEqual(again.code, 0)


def on_terminal(*arguments):
    """Runs with stderr on a terminal: (code, stdout, what the terminal showed)."""
    master, slave = pty.openpty()
    process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=slave,
                               stdin=subprocess.DEVNULL, env=environment(TERM="xterm"))
    os.close(slave)
    shown = b""
    while True:
        try:
            select.select([master], [], [])
            more = os.read(master, 65536)
        except OSError:  # how the end of a terminal looks
            break
        if not more:
            break
        shown += more
    out = process.stdout.read().decode()
    process.stdout.close()
    os.close(master)
    return process.wait(60), out, shown.decode()


@unittest.skipUnless(brokers.PROGRAM, "no mosquitto")
class WithAHub(unittest.TestCase):
    """Streams, JSON and --quiet of verbs that have something to show."""

    @classmethod
    def setUpClass(cls):
        case = cls("test_json_is_pure_and_has_a_schema")
        cls.case, root = case, temporary(case)
        cls.broker = brokers.Broker()
        folder = Folder(root + "/conf", [source("one", cls.broker.port, ["b/#"], format="json",
                                                city="probe", device="/id")])
        folder.put_model({"model": "m", "fields": [
            {"field": "/t", "parameter": "water_temperature", "unit": "degC"}]})
        folder.put_city("probe", station("kai"))
        folder.put_device("probe", device("d", "m", "kai"))
        for k in range(3):
            folder.put(f"datasets/w{k}.json", {
                "dataset": f"w{k}", "title": {"de": "Wasser", "en": "Water"},
                "notes": {"de": "Test", "en": "Test"}, "parameters": ["water_temperature"],
                "grid": "raw", "licence": "dl-zero-de/2.0", "frequency": "10MIN", "tags": ["w"],
                "targets": [], "demonstration": False})
        cls.hub = Hub(folder.path, root + "/data")
        cls.hub.wait_connected()
        with Publisher(cls.broker.port) as publisher:
            for payload in (b'{"id":"d","t":1}', b'{"id":"d","t":', b'{"id":"x","t":1}'):
                publisher.publish("b/x", payload)
            publisher.leave()
        cls.hub.wait_messages(3)
        cls.time = cls.hub.ask("dump").out.split("\t")[5]

    @classmethod
    def tearDownClass(cls):
        cls.hub.stop()
        cls.broker.close()
        cls.case.doCleanups()

    def verbs(self):
        """(verb with its arguments, code)"""
        return ((["status"], 3), (["devices"], 0), (["devices", "pending"], 3),
                (["rejected"], 3), (["rejected", "show", "2"], 0), (["conflicts"], 0),
                (["cities"], 0), (["trace", "kai", "water_temperature", self.time], 0),
                (["grids", "kai", "water_temperature"], 0),
                (["grids", "gaps", "kai", "water_temperature"], 0),
                (["maintenance", "kai", "--from", "2020-01-01T00:00:00Z", "--reason", "r"], 3))

    def test_json_is_pure_and_has_a_schema(self):
        for verb, code in self.verbs():
            with self.subTest(verb):
                done = self.hub.ask(*verb, "--json")
                self.assertEqual(done.code, code, done.err)
                self.assertIsInstance(json.loads(done.out)["schema"], int)
                self.assertEqual(self.hub.ask(*verb, "--json", "--quiet").err, "")

    def test_data_on_stdout_and_talk_on_stderr(self):
        for verb, code in self.verbs():
            with self.subTest(verb):
                done, quiet = self.hub.ask(*verb), self.hub.ask(*verb, "--quiet")
                self.assertEqual((done.code, quiet.code), (code, code))
                self.assertEqual(quiet.err, "")
                self.assertTrue(done.out or done.err)
                self.assertNotIn("kogge:", done.out)
        self.assertEqual(self.hub.ask("reload").out, "")

    def test_no_colour_ever(self):
        for verb, _ in self.verbs():
            for others in ({}, {"NO_COLOR": "1"}, {"TERM": "xterm-256color"}):
                done = self.hub.ask(*verb, **others)
                self.assertNotIn(ESCAPE, done.out + done.err)

    def test_actions_are_silent_when_told_to_be(self):
        for verb in (["reload"], ["export"], ["publish", "--once"]):
            self.assertEqual(self.hub.ask(*verb, "--quiet"), (0, "", ""), verb)

    def test_progress_on_a_terminal_only(self):
        where = ["--config", self.hub.config, "--data", self.hub.data]
        code, out, shown = on_terminal("export", *where)
        self.assertEqual(code, 0)
        self.assertRegex(shown, r"export: w\d, \d of 3 done")
        self.assertNotIn(ESCAPE, shown)
        self.assertIn("w2", out)
        self.assertEqual(on_terminal("export", "--quiet", *where), (0, "", ""))
        piped = self.hub.ask("export")
        self.assertNotIn("of 3 done", piped.out + piped.err)

    def test_the_text_of_status_fits_a_terminal(self):
        lines = self.hub.ask("status").out.splitlines()
        self.assertLessEqual(max(map(len, lines)), 120, lines)
        self.assertTrue(lines[0].startswith("hub "))


if __name__ == "__main__":
    unittest.main()
