# Orders of both sides -> quantiles per hop, and the ratio of each pair of segments. In: $rows, $segments.
def quantile($q): sort | if length == 0 then null else .[((length - 1) * $q + 0.5) | floor] end;
def figures: {p50_us: quantile(0.5), p99_us: quantile(0.99), p999_us: quantile(0.999)};
def rounded: if . == null then null else . * 100 | round / 100 end;
def side($side; $hop): [$rows[] | select(.side == $side) | .[$hop]];
def median_of($side; $hop; $k): [$rows[] | select(.side == $side and .segment == $k) | .[$hop]] | quantile(0.5);
def ratios($hop):
    [$segments[].segment as $k | median_of("chain"; $hop; $k) as $a | median_of("bare"; $hop; $k) as $b
     | select($a != null and $b != null and $b > 0) | $a / $b];

{
    pairs: ($segments | length),
    overlapped_pairs: ([$segments[] | select(.is_overlapped)] | length),
    messages_per_s: ([$segments[].messages_per_s] | quantile(0.5)),
    orders: {chain: ([$rows[] | select(.side == "chain")] | length), bare: ([$rows[] | select(.side == "bare")] | length)},
    hops: [("collector", "validator", "signals", "risk", "execution", "total") as $hop
        | (ratios($hop)) as $r
        | {hop: $hop, chain: (side("chain"; $hop) | figures), bare: (side("bare"; $hop) | figures),
           ratio: ($r | quantile(0.5) | rounded), ratio_min: ($r | min | rounded), ratio_max: ($r | max | rounded)}]
}
