/* Small services for tests of the runtime: a chain signals → risk → execution → portfolio whose
 * cores only count and pass on. Each consumer writes down what it saw and in which order, so that a
 * lost, doubled or misplaced message shows as a wrong row. validator writes down trades (sharding).
 */
#ifndef TESTS_TESTING_ECHO_SERVICES_H
#define TESTS_TESTING_ECHO_SERVICES_H

#include <stdint.h>

#include "rt/service.h"

/** The service of that name, NULL when there is none. */
const cb_service *echo_service(const char *name);

/** Feeds a journal to a fresh core of that service; returns its state hash. */
uint64_t echo_replay(
    const char *name, const char *path, uint64_t intents_count, uint64_t *events_count);

/* What portfolio sees of intent n: order, two fills, a balance for every third, order. */
uint64_t echo_rows_of(uint64_t intents_count);
/** What row number (from 1) must be: its kind and its intent. */
void echo_expected(uint64_t number, const char **kind, uint64_t *reference);

#endif /* TESTS_TESTING_ECHO_SERVICES_H */
