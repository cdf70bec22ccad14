/* Between the files that make traffic: market data, drawn intents, candles, people. */
#ifndef DST_TRAFFIC_H
#define DST_TRAFFIC_H

#include "tests/sim/dst_bus.h"
#include "wire/subjects.h"

/** Publishes a message of somebody outside the schedule's processes; fills its envelope. */
void dst_traffic_tell(cb_subject_id id, const char *producer, const char *service, void *body);

void dst_candles_reset(void);
/** The closed candle that the live market begins with. */
void dst_candles_tell(uint32_t symbol);
/** A question to the validator's history; the answer goes to its reply subject. */
void dst_candles_asked(const dst_packet *packet);

void dst_people_reset(void);

#endif /* DST_TRAFFIC_H */
