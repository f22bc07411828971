# SPDX-License-Identifier: EUPL-1.2
"""Sensor models that nobody has seen, messages for them, and by construction what the
readings are. Conversions are a table of its own here: unit text -> canonical value."""
import datetime
import json
import zoneinfo

# parameter: canonical unit, fail span, suspect span, {unit text: function to canonical}
PARAMETERS = {
    "water_temperature": ("degC", (-2, 40), (-1, 30), {
        "degC": lambda x: x, "\u00b0C": lambda x: x, "Cel": lambda x: x,
        "K": lambda x: x - 273.15, "degF": lambda x: (x - 32) * 5 / 9}),
    "conductivity_raw": ("mS/cm", (0, 80), (0.05, 40), {
        "mS/cm": lambda x: x, "uS/cm": lambda x: x / 1000, "S/m": lambda x: x * 10,
        "\u00b5S\u22c5cm\u207b\u00b9": lambda x: x / 1000}),
    "ec25": ("uS/cm", (0, 70000), (100, 45000), {
        "\u00b5S/cm": lambda x: x, "mS/cm": lambda x: x * 1000, "dS/m": lambda x: x * 1000}),
    "oxygen": ("mg/L", (0, 25), (1, 18), {
        "mg/L": lambda x: x, "mg/l": lambda x: x, "g/m3": lambda x: x, "ug/L": lambda x: x / 1000}),
    "redox": ("mV", (-700, 1000), (-300, 700), {"mV": lambda x: x, "V": lambda x: x * 1000}),
    "chlorophyll_a": ("ug/L", (0, 500), (0, 150), {
        "\u00b5g/L": lambda x: x, "mg/L": lambda x: x * 1000, "mg/m3": lambda x: x}),
    "turbidity_ntu": ("NTU", (0, 4000), (0, 100), {"NTU": lambda x: x}),
    "turbidity": ("FNU", (0, 4000), (0, 100), {"FNU": lambda x: x}),
    "ph": ("1", (0, 14), (6.5, 9.5), {None: lambda x: x}),
    "oxygen_saturation": ("%", (0, 300), (10, 180), {"%": lambda x: x}),
    "current_speed": ("m/s", (0, 5), (0, 2.5), {
        "m/s": lambda x: x, "cm/s": lambda x: x / 100, "km/h": lambda x: x / 3.6,
        "m s-1": lambda x: x}),
    "air_pressure": ("hPa", (850, 1100), (940, 1060), {
        "hPa": lambda x: x, "mbar": lambda x: x, "bar": lambda x: x * 1000,
        "kPa": lambda x: x * 10, "Pa": lambda x: x / 100}),
    "wave_height": ("m", (0, 15), (0, 6), {
        "m": lambda x: x, "cm": lambda x: x / 100, "mm": lambda x: x / 1000}),
    "air_temperature": ("degC", (-50, 60), (-50, 60), {"degC": lambda x: x,
                                                       "K": lambda x: x - 273.15}),
    "battery_voltage": ("V", (0, 60), (0, 60), {"V": lambda x: x, "mV": lambda x: x / 1000}),
}
HOUSEKEEPING = {"battery_voltage"}
STEPS = ["a", "temp", "x/y", "m~n", "Pd (P1-PBaro)", "\u00e4\u00f6", "with.dot", "0", "~1", "/",
         "a b", "#", "Wert", "val", "deep", "\u6c34", "A", "1e3", "-", '"q"', "\\"]
ENVELOPES = {"json": "", "ttn": "/uplink_message/decoded_payload", "chirpstack": "/object"}
ARRIVAL = datetime.datetime(2026, 11, 20, 12, 0, 0, 250000, datetime.timezone.utc)
NETWORK = ARRIVAL - datetime.timedelta(seconds=3)
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
STATION, CITY = "probe-station", "probe"


def escape(step):
    return step.replace("~", "~0").replace("/", "~1")


def stamp(moment):
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Case:
    """One sensor model: .model, .topic, .payload (bytes), .expected {field: line},
    .format, .device, .source (keys of a source, or None), .registered."""

    def __init__(self, random, number):
        self.random = random
        self.name = f"probe-{number}"
        self.format = random.choice(list(ENVELOPES))
        self.prefix = ENVELOPES[self.format]
        self.device = f"70b3d57ed0{number:06x}"
        self.registered = random.random() < 0.6
        self.values = {}
        self.model = {"model": self.name, "fields": [], "ignore": []}
        self.expected = {}
        self.ignored = set()
        self.names = 0
        self._status = None
        self._set_times()
        self._set_status()
        # records and pairs look the same fields up in other places
        self.free = list(PARAMETERS)
        random.shuffle(self.free)
        if random.random() < 0.4:
            self._make_records()
        if random.random() < 0.3:
            self._make_pairs()
        for _ in range(random.randint(1, 5)):
            self._make_field()
        self._make_ignored()
        self._finish()

    # --- places in the message ---

    def _new_path(self):
        """Steps that no other value of this message stands at or below."""
        self.names += 1
        first = f"{self.random.choice(STEPS)}{self.names}"
        return [first] + [self.random.choice(STEPS)
                          for _ in range(self.random.choice((0, 0, 1, 1, 2, 4)))]

    @staticmethod
    def _put(into, path, value):
        for step in path[:-1]:
            into = into.setdefault(step, {})
        into[path[-1]] = value

    @staticmethod
    def _pointer(path):
        return "".join("/" + escape(step) for step in path)

    # --- times ---

    def _set_times(self):
        base, origin = (ARRIVAL, "arrival") if self.format == "json" else (NETWORK, "message")
        if self.random.random() < 0.5:
            path = self._new_path()
            base, origin = self._own_time(), "reading"
            self.model["time"] = self._time_entry(self._pointer(path))
            self._put(self.values, path, self._time_value(base, self.model["time"]))
        self.time, self.time_source = stamp(base), origin

    def _own_time(self):
        back = self.random.randint(0, 10 ** 7)
        moment = ARRIVAL - datetime.timedelta(seconds=back)
        return moment.replace(microsecond=0)

    def _time_entry(self, field):
        form = self.random.choice(("rfc3339", "unix_s", "unix_ms", "unix_us", "local"))
        entry = {"field": field, "form": form}
        if form == "local":
            entry["zone"] = self.random.choice(("Europe/Berlin", "+01:00"))
        return entry

    def _time_value(self, moment, entry):
        seconds = int(moment.timestamp())
        form = entry["form"]
        if form == "rfc3339":
            zone = self.random.choice((0, 2, -5))
            there = moment.astimezone(datetime.timezone(datetime.timedelta(hours=zone)))
            return there.isoformat() if zone else there.strftime("%Y-%m-%dT%H:%M:%SZ")
        if form == "local":
            zone = BERLIN if entry["zone"] == "Europe/Berlin" else \
                datetime.timezone(datetime.timedelta(hours=1))
            return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")
        number = seconds * {"unix_s": 1, "unix_ms": 1000, "unix_us": 1000000}[form]
        return self.random.choice((number, str(number)))

    # --- status of the whole device ---

    def _set_status(self):
        if self.random.random() < 0.25:
            path = self._new_path()
            good = self.random.choice((["ok", 0], [True], [1, "OK"]))
            fine = self.random.random() < 0.5
            otherwise = self.random.choice((3, 4))
            self.model["status"] = {"field": self._pointer(path), "good": good,
                                    "else": otherwise}
            self._put(self.values, path, good[0] if fine else "broken")
            self._status = 1 if fine else otherwise

    # --- fields ---

    def _entry(self, field):
        """An entry for a new parameter, and how a value of it is written."""
        parameter = self.free.pop()
        units = list(PARAMETERS[parameter][3])
        own = self.random.choice(units)
        entry = {"field": field, "parameter": parameter}
        if own is not None:
            entry["unit"] = own
        if self.random.random() < 0.3 and parameter not in HOUSEKEEPING:
            entry["position"] = self.random.choice(("surface", "bottom", "probe2"))
        if self.random.random() < 0.3:
            entry["sentinels"] = self.random.choice(([-9999], [[-1e39, -1e38]], [-777, [9e8, 1e9]]))
        if self.random.random() < 0.2:
            entry["rank"] = 0
        return entry

    def _number(self, entry):
        """(value in the message, number or None for missing)"""
        kind = self.random.random()
        if kind < 0.15 and "sentinels" in entry:
            sentinel = self.random.choice(entry["sentinels"])
            return (sum(sentinel) / 2 if isinstance(sentinel, list) else sentinel), None
        if kind < 0.2:
            return self.random.choice(("nan", "NaN")), None
        number = self.random.choice((
            self.random.randint(0, 50), round(self.random.uniform(0, 40), 3),
            round(self.random.uniform(-5, 2000), 2), self.random.uniform(0, 10), -0.5))
        return (repr(number) if kind < 0.4 else number), number

    def _make_field(self):
        if not self.free:
            return
        path = self._new_path()
        entry = self._entry(self._pointer(path))
        written, number = self._number(entry)
        unit = entry.get("unit")
        if self.random.random() < 0.4 and unit is not None:
            unit = self._put_unit(path, entry, unit)
        flag = None
        if self.random.random() < 0.2:
            flag = self._put_status(path, entry)
        self._put(self.values, path, written)
        self.model["fields"].append(entry)
        self._expect(self._pointer(path), entry, number, unit, (self.time, self.time_source), flag)

    def _put_unit(self, path, entry, unit):
        """A unit in the message, beside the value; now and then it is not there."""
        place = [path[0] + " unit"]
        entry["unit_field"] = self._pointer(place)
        if self.random.random() < 0.2:
            return unit
        unit = self.random.choice([u for u in PARAMETERS[entry["parameter"]][3] if u])
        self._put(self.values, place, unit)
        return unit

    def _put_status(self, path, entry):
        place = [path[0] + " status"]
        fine = self.random.random() < 0.5
        entry["status"] = {"field": self._pointer(place), "good": ["good", 7], "else": 4}
        self._put(self.values, place, self.random.choice(("good", 7)) if fine else 8)
        return 1 if fine else 4

    def _make_records(self):
        """The same entries at the root and in each record."""
        array = self._new_path()
        time = self._time_entry("/" + self.random.choice(("ts", "t~1x")))
        self.model["records"] = {"field": self._pointer(array), "time": time}
        step = time["field"][1:].replace("~1", "/")
        entries = [(["r" + str(k)], self._entry(f"/r{k}")) for k in range(2) if self.free]
        self.model["fields"] += [entry for _, entry in entries]
        records = []
        for k in range(self.random.randint(1, 4)):
            moment = self._own_time() - datetime.timedelta(days=200 + k)
            record = {step: self._time_value(moment, time)}
            for path, entry in entries:
                written, number = self._number(entry)
                record[path[0]] = written
                self._expect(f"{self._pointer(array)}/{k}/{path[0]}", entry, number,
                             entry.get("unit"), (stamp(moment), "reading"), None)
            records.append(record)
        self._put(self.values, array, records)
        path, entry = entries[0]
        written, number = self._number(entry)
        self.values[path[0]] = written
        self._expect("/" + path[0], entry, number, entry.get("unit"),
                     (self.time, self.time_source), None)

    def _make_pairs(self):
        array = self._new_path()
        self.model["pairs"] = {"field": self._pointer(array), "key": "/k", "value": "/v",
                               "unit": "/u"}
        pairs = []
        for k in range(self.random.randint(1, 3)):
            if not self.free:
                break
            key = self.random.choice(STEPS) + f" pair{k}"
            entry = self._entry("/" + escape(key))
            written, number = self._number(entry)
            pair, unit = {"k": key, "v": written}, entry.get("unit")
            if unit is not None and self.random.random() < 0.5:
                unit = pair["u"] = self.random.choice(
                    [u for u in PARAMETERS[entry["parameter"]][3] if u])
            pairs.append(pair)
            self.model["fields"].append(entry)
            self._expect(f"{self._pointer(array)}/{k}/v", entry, number, unit,
                         (self.time, self.time_source), None)
        self._put(self.values, array, pairs)

    def _make_ignored(self):
        path = self._new_path()
        self._put(self.values, path, 17)
        path = self._new_path()[:1]
        self._put(self.values, path, {"x": 1, "y": [2, "3"]})
        self.model["ignore"].append(self._pointer(path))

    # --- what must come out ---

    def _expect(self, pointer, entry, number, unit, when, flag):
        canonical_unit, fail, suspect, units = PARAMETERS[entry["parameter"]]
        canonical = None if number is None else units[unit](number)
        # the status nearest to the value: its entry's, else the root's; a record has its own
        in_record = "records" in self.model and pointer.startswith(self.model["records"]["field"])
        flags = {flag if flag is not None or in_record else self._status}
        if number is None:
            judged = 9
        elif not fail[0] <= canonical <= fail[1] or 4 in flags:
            judged = 4
        elif not suspect[0] <= canonical <= suspect[1] or 3 in flags:
            judged = 3
        else:
            judged = 1
        house = entry["parameter"] in HOUSEKEEPING
        self.expected[self.prefix + pointer] = {
            "device": self.device, "field": self.prefix + pointer, "time": when[0],
            "time_source": when[1], "value": number, "unit": unit,
            "station": (self.device if house else STATION) if self.registered else None,
            "parameter": entry["parameter"],
            "position": "device" if house else entry.get("position", "main"),
            "canonical_value": canonical, "canonical_unit": canonical_unit,
            "flag": judged if self.registered else None,
            "outcome": "stored" if self.registered else "pending"}

    def _finish(self):
        self.source = None
        self.topic = f"v3/app@t/devices/{self.name}/up"
        document = self.values
        if self.format == "ttn":
            document = {"end_device_ids": {"device_id": self.name, "dev_eui": self.device.upper()},
                        "received_at": stamp(ARRIVAL),
                        "uplink_message": {"received_at": stamp(NETWORK), "f_port": 1,
                                           "session_key_id": "AY", "f_cnt": 7,
                                           "decoded_payload": self.values}}
        elif self.format == "chirpstack":
            self.topic = f"application/1/device/{self.device}/event/up"
            document = {"deviceInfo": {"devEui": self.device}, "time": stamp(NETWORK),
                        "devAddr": "00189440", "fCnt": 4, "fPort": 1, "object": self.values}
        else:
            self._name_device()
        text = json.dumps(document, ensure_ascii=self.random.random() < 0.5)
        self.payload = text.encode()

    def _name_device(self):
        """Plain JSON: by a pointer of the source, its topic pattern, or the whole topic."""
        way = self.random.choice(("pointer", "pattern", "topic"))
        if way == "pointer":
            path = self._new_path()
            self._put(self.values, path, self.device)
            self.source = {"device": self._pointer(path)}
            self.topic = "any/topic"
        elif way == "pattern":
            self.source = {"topic": "water/{device}/+"}
            self.topic = f"water/{self.device}/up"
        else:
            self.topic = self.device
