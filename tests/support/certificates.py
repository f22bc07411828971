# SPDX-License-Identifier: EUPL-1.2
"""A certificate authority for tests, made by the openssl program in a folder."""
import os
import subprocess


class Authority:
    def __init__(self, folder, name="test authority"):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.certificate = os.path.join(folder, "ca.pem")
        self.key = os.path.join(folder, "ca.key")
        self._issued = {}
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                 "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def issue(self, name, days=30):
        """(certificate, key) for a host or client of that name; -1 day: it has expired."""
        if (name, days) in self._issued:
            return self._issued[name, days]
        base = os.path.join(self.folder, f"{name.replace('/', '_')}-{days}")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                 "-nodes", "-subj", f"/CN={name}", "-keyout", base + ".key",
                 "-out", base + ".csr")
        kind = "IP" if name.replace(".", "").isdigit() else "DNS"
        with open(base + ".ext", "w", encoding="ascii") as f:
            f.write(f"subjectAltName={kind}:{name}\n")
        _openssl("x509", "-req", "-in", base + ".csr", "-CA", self.certificate,
                 "-CAkey", self.key, "-CAcreateserial", "-days", str(days),
                 "-extfile", base + ".ext", "-out", base + ".pem")
        self._issued[name, days] = (base + ".pem", base + ".key")
        return self._issued[name, days]


def _openssl(*words):
    subprocess.run(["openssl", *words], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
