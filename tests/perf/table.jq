# The report for people.
def pad($n): tostring | (" " * ([$n - length, 0] | max)) + .;
def name($n): . + (" " * ([$n - length, 0] | max));
def us: if . == null then "-" else round | tostring end;
def row: "  " + (.hop | name(11))
    + ([.chain.p50_us, .chain.p99_us, .chain.p999_us, .bare.p50_us, .bare.p99_us, .bare.p999_us] | map(us | pad(9)) | add)
    + ("\(.ratio // "-")" | pad(8)) + ("(\(.ratio_min // "-") … \(.ratio_max // "-"))" | pad(18));
def latency($title):
    "\($title): \(.messages_per_s) messages/s, \(.orders.chain) orders beside \(.orders.bare) bare, \(.pairs) pairs"
    + (if .overlapped_pairs > 0 then ", \(.overlapped_pairs) overlapped" else "" end),
    "  hop        chain p50      p99    p99.9 bare p50      p99    p99.9   ratio",
    (.hops[] | row), "";

"tick to order, µs: market frame leaves the exchange, order request arrives there; ratio of p50, median of pairs (least … most)",
"machine: \(.machine.cpus) processors, \(.machine.idle_percent) % idle before" + (if .machine.is_quiet then "" else " (busy: for orientation only)" end),
"",
(.latency.idle | latency("idle")),
(.latency.load | latency("load")),
"throughput, messages/s: collector \(.throughput.collector), validator \(.throughput.validator), bare relay chain \(.throughput.bare), ratio \(.throughput.ratio)",
"",
"peak memory, MB:",
(.memory_kb | to_entries[] | "  " + (.key | name(12)) + (.value / 1024 * 10 | round / 10 | pad(8)))
