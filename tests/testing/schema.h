/* The real schema of a service in a stack: role, owner, and the migrations of its folder. */
#ifndef TESTS_TESTING_SCHEMA_H
#define TESTS_TESTING_SCHEMA_H

#include "tests/testing/stack.h"

/** stack_add_service, then services/<service>/migrations as the owner. Fails the test with a
 * reason; false when the service has no migrations. */
bool schema_make(const stack *env, const char *service);

#endif /* TESTS_TESTING_SCHEMA_H */
