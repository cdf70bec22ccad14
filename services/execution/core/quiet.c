/* Whether quotes would lead to anything: for the lab, which leaves out those that would not. */
#include "services/execution/core/exec_internal.h"

bool exec_quotes_are_idle(const exec_state *state)
{
    CB_ASSERT(state != NULL);
    return exec_is_live(state) && state->active_count == 0 && state->lane == EXEC_LANE_FREE &&
           state->commands_count == 0 && state->park_count == 0 && state->reads_in_flight == 0 &&
           state->cancels_in_flight == 0 && state->job.kind == EXEC_JOB_NONE &&
           !state->sweep.is_in_flight;
}
