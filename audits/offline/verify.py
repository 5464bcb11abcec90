#!/usr/bin/env python3
"""Verifies an audit package, offline. Needs Python 3.9 or later, and verify_bundle.py and draw_sample.py beside it.

    python3 verify.py PACKAGE.zip --key 'NAME+HASH+KEY' --checkpoint EARLIER.txt

All three scripts are in the package; read them, or keep copies that you read once. --key: the audit trail's public key,
which you got by another route (in person, by phone). --checkpoint: one that you received earlier (by mail, on a PDF).
Exit code 0: all holds, 1: something does not, and each fault is named, 2: the package cannot be read.
"""

import argparse
import csv
import datetime
import hashlib
import io
import json
import tempfile
import zipfile

import draw_sample
from verify_bundle import DETAIL, Bundle, Fault, checkpoint, sha, signed

FORMAT = "countersign-package/1"
UNLISTED = ("manifest.json", "manifest.note")  # the last two files, which the manifest cannot name
AT, TYPE, NUMBER = 2, 7, 8  # places of the time (µs) and the record in a leaf, beside DETAIL
BROKEN = (OSError, LookupError, TypeError, ValueError, RuntimeError, zipfile.BadZipFile)
MOST = 20  # faults of one kind that are named


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Package:
    """An archive, and the questions asked of it. Each answers with a sentence, and notes what does not hold."""

    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        self.head = self.json("package.json")
        self.manifest = self.json("manifest.json")
        if self.head["format"] != FORMAT or self.manifest["format"] != FORMAT:
            raise Fault(f"the package is not written as {FORMAT}")
        self.listed = {one["path"]: one for one in self.manifest["files"]}
        self.faults = []
        self.records = {}  # (register, number) → its values, once they were proven

    def json(self, path):
        return json.loads(self.zip.read(path))

    def lines(self, path):
        if path in self.zip.NameToInfo:
            with self.zip.open(path) as file:
                for line in file:
                    yield json.loads(line)

    def fault(self, words):
        self.faults.append(words)

    # ---- the files ---------------------------------------------------------------------------------------------------

    def files(self):
        """The archive holds what its manifest lists, in its order, byte by byte."""
        found = self.zip.namelist()
        wanted = [*(one["path"] for one in self.manifest["files"]), *UNLISTED]
        for path in sorted(set(wanted) - set(found)):
            self.fault(f"{path} is missing")
        for path in sorted(set(found) - set(wanted)):
            self.fault(f"{path} is in the package and not in its manifest")
        if len(found) != len(set(found)) or len(wanted) != len(set(wanted)):
            self.fault("a file stands in the package or in its manifest twice")
        elif set(found) == set(wanted) and found != wanted:
            self.fault("the files are not in the order of the manifest")
        for path in (one for one in wanted if one in self.listed and one in set(found)):
            size, digest = 0, hashlib.sha256()
            try:
                with self.zip.open(path) as file:
                    while chunk := file.read(1 << 20):
                        size, _ = size + len(chunk), digest.update(chunk)
            except (zipfile.BadZipFile, zipfile.zlib.error) as broken:
                self.fault(f"{path} cannot be read: {broken}")
                continue
            if (size, digest.hexdigest()) != (self.listed[path]["size"], self.listed[path]["sha256"]):
                self.fault(f"{path} is not the file that the manifest lists")
        return f"{len(self.listed)} files are those of the manifest, none more and none less."

    def signature(self, given):
        """The manifest and the checkpoint are signed by the key that signed the checkpoint."""
        note = self.zip.read("manifest.note").decode()
        said = dict(line.split(" ") for line in note.split("\n\n")[0].split("\n")[1:] if " " in line)
        if said.get("manifest") != hashlib.sha256(self.zip.read("manifest.json")).hexdigest():
            self.fault("manifest.json is not the one that manifest.note signs")
        if said.get("checkpoint") != hashlib.sha256(self.head["checkpoint"].encode()).hexdigest():
            self.fault("the checkpoint is not the one that manifest.note signs")
        if not given.key:
            return ""
        if not signed(note, self.bundle("trail/period.zip").signature(given.key)):
            self.fault("manifest.note is not signed by the key that signed the checkpoint")
        return "Manifest and checkpoint are signed by your key, or by one that your key introduced."

    # ---- the trail ---------------------------------------------------------------------------------------------------

    def bundle(self, path):
        """A part of the trail, which must be under the package's checkpoint."""
        copy = tempfile.TemporaryFile()
        with self.zip.open(path) as file:
            while chunk := file.read(1 << 20):
                copy.write(chunk)
        found = Bundle(copy)
        if found.head["checkpoint"] != self.head["checkpoint"]:
            raise Fault(f"{path} is under another checkpoint than the package")
        return found

    def trail(self, given):
        """The trail of the time examined is in the log, and so is the entry of each record."""
        period, single = self.bundle("trail/period.zip"), self.bundle("trail/records.zip")
        leaves = period.range()
        shown = period.events(leaves)
        start, first = period.head["start"], self.head["engagement"]["first"]
        if start + len(leaves) != period.size:
            self.fault(f"trail/period.zip stops at entry {start + len(leaves)} of the log, before the checkpoint")
        said = [
            (
                f"{shown} entries, shown for the time since {first}, are in the log of size {period.size}, as they "
                f"stand; {len(leaves) - shown} more behind its first {start} are withheld (hash only)."
            )
        ]
        single.events(None)
        for name in given.checkpoint:
            with open(name, encoding="utf-8") as file:
                said.append(f"The log begins with the {period.earlier(file.read())} entries of {name}, unchanged.")
        return "\n".join(said)

    def proofs(self):
        """Number of an entry → its leaf, read again from what was proven to be in the log."""
        with self.bundle("trail/records.zip").zip.open("events.jsonl") as lines:
            for line in lines:
                leaf = json.loads(json.loads(line)["leaf"])
                yield leaf[1], leaf

    # ---- the records -------------------------------------------------------------------------------------------------

    def newest(self):
        """Record → the newest entry that the trail shows of it by the last day, in whatever time zone that ended."""
        found, last = {}, datetime.date.fromisoformat(self.head["engagement"]["last"])
        until = datetime.datetime.combine(last, datetime.time(), datetime.timezone.utc).timestamp() * 1_000_000
        with self.bundle("trail/period.zip").zip.open("events.jsonl") as lines:
            for line in lines:
                leaf = json.loads(json.loads(line)["leaf"])
                if leaf[AT] < until and json.loads(leaf[DETAIL]).get("history"):
                    about = tuple(leaf[TYPE : NUMBER + 1])
                    found[about] = max(leaf[1], found.get(about, 0))
        return found

    def prove(self):
        """Each record stands in the package as the log says that it stood, and not as it stood before."""
        leaves, newest = dict(self.proofs()), self.newest()
        paths = [path for path in self.listed if path.startswith("records/")]
        for path in paths:
            for one in self.lines(path):
                leaf = leaves.get(one["entry"])
                about = [one["register"], str(one["id"])]
                if leaf is None or leaf[TYPE : NUMBER + 1] != about:
                    self.fault(f"{path}: no entry in the log tells of {one['register']} {one['id']}")
                    continue
                if sha(canonical(one["values"]).encode()).hex() != json.loads(leaf[DETAIL])["history"]["sha256"]:
                    self.fault(
                        f"{path}: {one['register']} {one['id']} is not as entry {one['entry']} says that it stood"
                    )
                    continue
                if newest.get(tuple(about), 0) > one["entry"]:
                    self.fault(
                        f"{path}: {one['register']} {one['id']} is older than entry {newest[tuple(about)]} of it"
                    )
                    continue
                self.records[one["register"], one["id"]] = one["values"]
        return f"{len(self.records)} records of {len(paths)} registers stand as the log says that they stood."

    def of(self, register):
        return {number: values for (label, number), values in self.records.items() if label == register}

    def engagement(self):
        """The engagement and its days are those of its record, and of what was frozen."""
        said = self.head["engagement"]
        record = self.records.get(("audits.engagement", said["id"]))
        if record is None:
            self.fault("package.json: the record of its engagement is not in the package")
            return ""
        days = (record["as_of"],) * 2 if record["type"] == "I" else (record["period_from"], record["period_to"])
        if (said["first"], said["last"], said["type"], said["categories"], said["name"], said["firm"]) != (
            *days, record["type"], record["categories"], record["name"], record.get("firm", ""),
        ):  # fmt: skip
            self.fault("package.json says other dates, categories, firm or name than the record of its engagement")
        return f"The engagement is {said['name']}, {said['first']} to {said['last']}."

    def evidence(self):
        """Each item's file is the one that was recorded."""
        items, count, told = self.of("evidence.evidence"), 0, self.json("evidence/files.json")
        held = {path for path in self.listed if path.startswith("evidence/") and path.count("/") > 1}
        for path in sorted(held - {one["path"] for one in told}):
            self.fault(f"{path} is no item of evidence/files.json")
        for one in told:
            record, file = items.get(one["id"]), self.listed.get(one["path"])
            if file is None or (file["sha256"], file["size"]) != (one["sha256"], one["size"]):
                self.fault(f"evidence/files.json: {one['path']} is not the file that it lists")
            elif record is None:
                self.fault(f"evidence/files.json: no record of EV-{one['id']} is in the package")
            elif (record["sha256"], record["size"], record["title"]) != (one["sha256"], one["size"], one["title"]):
                self.fault(f"{one['path']} is not the file that was recorded as EV-{one['id']}")
            else:
                count += 1
        return f"{count} items of evidence are the bytes that were recorded."

    def populations(self):
        """Each population's rows are those that were frozen: complete, in order, within its period."""
        items = {one["id"]: one["path"] for one in self.json("evidence/files.json")}
        self.rows, self.withdrawn, evidence = {}, set(), self.of("evidence.evidence")
        for number, said in self.of("evidence.population").items():
            if evidence.get(said["evidence_id"], {}).get("state") == "withdrawn":  # whose files no package holds
                self.withdrawn.add(number)
                continue
            path = items.get(said["evidence_id"])
            if path is None or path not in self.zip.NameToInfo:
                self.fault(f"POP-{number}: its rows are not in the package")
                continue
            content = self.zip.read(path)
            rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if row][1:]
            if hashlib.sha256(content).hexdigest() != said["sha256"]:
                self.fault(f"POP-{number}: {path} is not what was frozen")
            elif len(rows) != said.get("row_count", 0) or len({row[0] for row in rows}) != len(rows):
                self.fault(f"POP-{number}: {path} has another number of rows than was frozen, or a key twice")
            elif any(row[1] and not said["period_from"] <= row[1] <= said["period_to"] for row in rows):
                self.fault(f"POP-{number}: a row of {path} lies outside its period")
            else:
                self.rows[number] = content
        without = f" {len(self.withdrawn)} more were withdrawn: their rows are not here." if self.withdrawn else ""
        return f"{len(self.rows)} populations are the rows that were frozen.{without}"

    def samples(self):
        """Each sample that a rule drew is what the rule draws, from the rows that were frozen."""
        count = 0
        for number, said in self.of("evidence.sample").items():
            if said["population_id"] in self.withdrawn:
                continue
            content, frozen = (
                self.rows.get(said["population_id"]),
                self.records.get(("evidence.population", said["population_id"])),
            )
            if content is None or frozen is None:
                self.fault(
                    f"SMP-{number}: the population that it was drawn from is not in the package, or does not hold"
                )
                continue
            if said["population_sha256"] != frozen["sha256"]:
                self.fault(f"SMP-{number}: it was drawn from other rows than were frozen")
            keys = draw_sample.keys_of(content)
            if said.get("seed"):
                drawn = [list(one) for one in draw_sample.draw(keys, said["size"], said["seed"], said["method"])]
            else:  # picked by a person: the rows must be there
                drawn = [
                    [place, key] for place, key in said["chosen"] if 1 <= place <= len(keys) and keys[place - 1] == key
                ]
            if drawn != said["chosen"]:
                self.fault(f"SMP-{number}: its seed does not give these keys from the frozen rows")
            else:
                count += 1
        return f"{count} samples are what their seed gives, or rows that a person picked."

    def policies(self):
        """Each policy text is the one that its record says, in force when that says."""
        texts = {}
        for said in self.of("policies.policyversion").values():
            number, until = f"{said['major']}.{said['minor']}", said.get("in_force_until", "further notice")
            texts[f"policies/POL-{said['policy_id']}-{number}.md"] = (
                f"# {said['title']} {number}\n\nIn force from {said.get('in_force_from')} until {until}. "
                f"SHA-256 of what was approved: {said.get('sha256', '')}\n\n{said.get('text', '')}\n"
            )
        paths = [path for path in self.listed if path.startswith("policies/") and path.endswith(".md")]
        for path in paths:
            if path not in texts or self.zip.read(path) != texts[path].encode(errors="replace"):
                self.fault(f"{path} is not the text of a version whose record is in the package")
        return f"{len(paths)} policy texts are those of their records."

    def frozen(self):
        """What was frozen of the engagement has the hash that it bears and that the log tells of; none is left out."""
        told = self.frozen_in_log()
        paths = [path for path in self.listed if path.startswith("scope/")]
        for path in paths:
            said = self.json(path)
            if (
                sha(*(f"{canonical(one)}\n".encode() for one in said["lines"])).hex() != said["sha256"]
                or len(said["lines"]) != said["count"]
            ):
                self.fault(f"{path}: its lines do not give its hash")
            if told.pop(said["edition"], "") != said["sha256"]:
                self.fault(f"{path}: the log does not tell this hash of edition {said['edition']}")
        for edition in told:
            self.fault(f"edition {edition} of the scope, of which the log tells, is not in the package")
        return f"{len(paths)} frozen editions of the scope are those of which the log tells."

    def frozen_in_log(self):
        """Edition → the hash that the trail tells of it."""
        about, found = ["audits.engagement", str(self.head["engagement"]["id"])], {}
        for _, leaf in self.proofs():
            refs = json.loads(leaf[DETAIL]).get("refs", {}) if leaf[TYPE : NUMBER + 1] == about else {}
            if "snapshot" in refs and "sha256" in refs:
                found[refs["snapshot"]] = refs["sha256"]
        return found


def asked(package, given):
    """What holds, in words; what does not is noted by the package."""
    for ask in (
        package.files, lambda: package.signature(given), lambda: package.trail(given), package.prove,
        package.engagement, package.frozen, package.policies, package.evidence, package.populations, package.samples,
    ):  # fmt: skip
        try:
            yield from ask().splitlines()
        except Fault as fault:
            package.fault(str(fault))
        except (*BROKEN, AttributeError, SystemExit) as broken:
            package.fault(f"a part of it cannot be read: {broken!r}")


def verify(given):
    """Print what holds, what does not and what is not proven; returns whether all holds."""
    package = Package(given.package)
    origin, size, _ = checkpoint(package.head["checkpoint"])
    print(f"{package.head['organisation']}, as of entry {size} of the log {origin!r}.")
    if package.head["demo"]:
        print("Demo data: every company, person and record in it is invented.")
    found = list(asked(package, given))
    for words in found if not package.faults else ():
        print(f"Holds: {words}")
    for words in package.faults[:MOST]:
        print(f"DOES NOT HOLD: {words}.")
    if len(package.faults) > MOST:
        print(f"DOES NOT HOLD: {len(package.faults) - MOST} more.")
    if not given.key:
        print("Not proven: who made this. Without --key anybody could have made such a package.")
    if not given.checkpoint:
        print("Not proven: that nothing was rewritten before: only a --checkpoint received earlier can show that.")
    print("Not proven: PDF, CSV and HTML files. They are views of the records, and what was signed; no more.")
    print("Not proven: that these are all records: one may be left out, and an entry that is withheld tells of none.")
    print("Never proven: what was done without leaving an entry, and what happened after the checkpoint.")
    return not package.faults


if __name__ == "__main__":
    csv.field_size_limit(1 << 30)  # a cell may be long
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("package")
    words.add_argument("--key", help="the audit trail's public key, received by another route")
    words.add_argument("--checkpoint", action="append", default=[], help="a file with a checkpoint received earlier")
    try:
        raise SystemExit(0 if verify(words.parse_args()) else 1)
    except Fault as fault:
        raise SystemExit(print(f"DOES NOT HOLD: {fault}.") or 1)
    except BROKEN as broken:
        raise SystemExit(print(f"CANNOT BE READ: {broken!r}") or 2)
