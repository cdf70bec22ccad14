# A market for the benchmark:
#   awk -v kind=candles|trades|ramp -v start_ms=… -v warm=… -v orders=… -v gap=… -v segments=… -v rate=… -f market.awk
# Candles of one minute go up and down in turn, so that every one of them is a reason to trade: `orders`
# of them, then `gap` minutes of silence, and so again `segments` times; `warm` more stand in front.
# Trades of another symbol come `rate` in a market second while the candles come, all at one price: load
# that nobody decides on. `ramp`: trades for `segments` minutes that come faster until they are `rate`.
function is_loud(minute) { return minute < warm || (minute - warm) % (orders + gap) < orders }
function print_candle(minute,    is_up) {
    is_up = minute % 2 == 0
    printf "%.0f,%s,42008.00,42000.00,%s,12.00000\n", start_ms + minute * 60000,
        is_up ? "42000.00" : "42008.00", is_up ? "42008.00" : "42000.00"
}
function print_trades(minute, per_s,    count, i) {
    count = int(per_s * 60)
    for (i = 0; i < count; i++) {
        id++
        printf "%.0f,2500.00,0.01000,%s,%d\n", start_ms + minute * 60000 + int(i * 60000 / count), id % 2 ? "buy" : "sell", id
    }
}
BEGIN {
    print kind == "candles" ? "open_time_ms,open,high,low,close,volume" : "time_ms,price,qty,side,trade_id"
    if (kind == "ramp") {
        for (minute = 0; minute < segments; minute++) print_trades(minute, rate * (minute + 1) / segments)
        exit
    }
    for (minute = 0; minute < warm + segments * (orders + gap); minute++) {
        if (!is_loud(minute)) continue
        if (kind == "candles") print_candle(minute)
        else print_trades(minute, rate)
    }
}
