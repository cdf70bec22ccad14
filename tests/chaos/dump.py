"""Writes what the checker reads: tables as JSON lines in one snapshot, the exchange's journal and books."""
import glob
import json
import os
import shutil
import subprocess

# Tables whose rows are never changed have a commit time that means something.
TABLES = {
    "signals": ["intent"],
    "risk": ["permit", "denial", "reservation", "fill", "balance", "position", "kill_change"],
    "execution": ["orders", "order_event", "fills", "lease", "lease_taken", "reconciliation", "kill", "refusal"],
    "portfolio": ["fill", "ledger_entry", "ledger_sum", "balance", "position", "account"],
}
COMMON = ["inbox", "outbox", "dead_letter"]


def script(folder, schemas):
    """schemas: every one that takes part in the hops, whether its own tables are known here or not."""
    lines = ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"]
    for schema in schemas:
        for table in TABLES.get(schema, []) + COMMON:
            drop = " - 'payload'" if table in ("outbox", "dead_letter") else ""
            lines.append("\\o %s/%s.%s.jsonl" % (folder, schema, table))
            lines.append(
                "SELECT (to_jsonb(t)%s || jsonb_build_object('commit_us',"
                " (extract(epoch FROM pg_xact_commit_timestamp(t.xmin)) * 1e6)::bigint))::text FROM %s.%s t;"
                % (drop, schema, table))
    return "\n".join(lines + ["\\o", "COMMIT;", ""])


def write(stack, folder, meta):
    os.makedirs(folder, exist_ok=True)
    schemas = (stack.sql("SELECT string_agg(table_schema, ' ') FROM information_schema.tables"
                         " WHERE table_name = 'inbox'") or "").split()
    done = subprocess.run(["psql", "-X", "-q", "-tA", "-v", "ON_ERROR_STOP=1", "-h", stack.socket, "-U", "cerberus_admin",
                           "-d", "cerberus"], input=script(folder, schemas), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("dump: " + done.stderr.strip())
    with open(folder + "/venue.json", "w") as out:
        json.dump(stack.sim("/sim/audit"), out)
    with open(folder + "/meta.json", "w") as out:
        json.dump(meta, out)
    shutil.copy(os.path.join(os.path.dirname(__file__), "../../proto/subjects.def"), folder + "/subjects.def")
    for number, path in enumerate(sorted(glob.glob(stack.run + "/journal/exchange-*.jsonl"))):
        link = "%s/journal%d.jsonl" % (folder, number)
        if not os.path.lexists(link):
            os.symlink(path, link)
