#!/bin/bash
# The checker of the chaos runs, on histories made by hand: one without fault, and one for each way in which an
# invariant can be broken.
cd "$(dirname "$0")/../.."
exec python3 tests/chaos/test_check.py
